"""Stacks of the tests of automations."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from domain.keyring import Keyring
from runtime.settings import Settings
from store.migrate import migrate
from tests.databases import new_database
from tests.stack import Stack, new_namespace, run_stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(engine: Any) -> AsyncIterator[Stack]:
    """An install of the module's own, without a worker."""
    url = await new_database(engine.database_url)
    await migrate(url)
    settings = Settings(
        database_url=url,
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
    async with run_stack(settings, worker=False) as stack:
        yield stack

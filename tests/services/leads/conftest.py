"""A database that the tests of leads share: they look at all rows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from store.pool import Pool, open_pool
from tests.databases import new_install


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared(engine: Any) -> AsyncIterator[Pool]:
    url = await new_install(engine.database_url)
    opened = await open_pool(url, 4, "tests of leads")
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def empty(shared: Pool) -> Pool:
    """Without what the test before left."""
    async with shared.connection() as conn:
        tables = "lead_sources, automation_notices, callback_endpoints, callback_deliveries, sender_domains"
        await conn.execute(f"truncate {tables} cascade".encode())
    return shared

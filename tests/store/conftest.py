from collections.abc import AsyncIterator

import pytest_asyncio

from embedded.engine import Engine
from store.pool import Pool, open_pool
from tests.databases import new_install


@pytest_asyncio.fixture
async def one(engine: Engine) -> AsyncIterator[Pool]:
    """A pool of one connection, on a database of its own: for what concerns all of one, or is counted by the server."""
    url = await new_install(engine.database_url)
    opened = await open_pool(url, 1, "one")
    yield opened
    await opened.close()

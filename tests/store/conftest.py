"""A database of its own for tests that look at all rows."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from store.migrate import migrate
from store.pool import Pool, open_pool


@pytest_asyncio.fixture
async def fresh_pool(engine, pool: Pool) -> AsyncIterator[Pool]:
    """A pool on a new, migrated database."""
    name = f"fresh_{uuid4().hex}"
    async with pool.connection() as conn:
        await conn.execute(f"create database {name}")
    url = engine.database_url.rsplit("/", 1)[0] + f"/{name}"
    await migrate(url)
    opened = await open_pool(url, 2, "fresh")
    yield opened
    await opened.close()

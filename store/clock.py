"""The database's clock: the one by which all processes agree on times."""

import time
from datetime import datetime

from store.pool import Connections, Pool


async def now(store: Connections) -> datetime:
    """What it shows."""
    async with store.connection() as conn:
        row = await (await conn.execute("select clock_timestamp()")).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


async def read(pool: Pool) -> tuple[float, float, float]:
    """Unix seconds by the database's clock, and those of this process's monotonic one just before and after."""
    async with pool.connection() as conn:
        before = time.monotonic()
        cursor = await conn.execute("select extract(epoch from clock_timestamp())::float8")
        row = await cursor.fetchone()
        after = time.monotonic()
    assert row is not None
    return row[0], before, after

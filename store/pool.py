"""The connection pool: one per process, autocommit, so that each statement is its own transaction unless said otherwise."""

from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]


async def open_pool(database_url: str, size: int, name: str) -> Pool:
    """Open a pool of at most ``size`` connections; it keeps trying while the database is away.

    A caller waits at most 5 s for a connection (``psycopg_pool.PoolTimeout``).
    """
    pool: Pool = AsyncConnectionPool(
        database_url,
        min_size=min(2, size),
        max_size=size,
        timeout=5.0,
        max_idle=300.0,
        reconnect_timeout=30.0,
        name=name,
        kwargs={"autocommit": True, "application_name": name, "connect_timeout": 5, "prepare_threshold": 1},
        open=False,
    )
    await pool.open(wait=False)
    return pool


async def is_alive(pool: Pool) -> bool:
    """Whether the database answers; also throws away the pool's broken connections if it does not."""
    try:
        async with pool.connection(timeout=1.0) as conn:
            await conn.execute("select 1")
    except Exception:
        await pool.check()
        return False
    return True

"""The connection pool: one per process, autocommit, so that each statement is a transaction unless said otherwise."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

AWAY = (OperationalError, InterfaceError, ReadOnlySqlTransaction, PoolTimeout, PoolClosed)
"""What a statement raises when the database is not there, was lost while it ran, or can only be read for now."""

_T = TypeVar("_T")


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


async def patiently(work: Callable[[], Awaitable[_T]]) -> _T:
    """Do ``work`` (safe to repeat) again and again until the database is back."""
    pause = 0.1
    while True:
        try:
            return await work()
        except AWAY:
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

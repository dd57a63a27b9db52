"""The connection pool: one per process, autocommit, so that each statement is a transaction unless said otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

from psycopg import InterfaceError, OperationalError
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from store.connection import MARGIN, Connection, bounded_url

DB_UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    ReadOnlySqlTransaction,
    IdleInTransactionSessionTimeout,
    PoolTimeout,
    PoolClosed,
)
"""What a statement raises when the database is not there, was lost or silent while it ran, or can only be read for now.
"""

LONG_SECONDS = 300.0
"""How long a statement of a ``long_transaction`` may take."""

_WAIT = 5.0
"""Seconds that a caller waits for a connection."""
_RESTED = 10.0
"""Seconds without use after which a connection is tried before it is given out."""
_LONG_PAUSE = 60.0
"""Seconds that the client of a ``long_transaction`` may take between two statements."""
_TRIAL = 2.0
"""Seconds that such a trial may take: there is nothing to do in it."""

_BY_KEYS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""Each statement is planned once, and reads by keys: all of ours do, so no statistics are needed to know it.

A plan from the day on which a table was empty would read all of it later. And of partitioned tables PostgreSQL would
plan anew each time, which takes longer than most of these statements (docs/decisions/0019 has the figures).
"""
_AS_IT_LIKES = {"plan_cache_mode": "auto", **dict.fromkeys(list(_BY_KEYS)[1:], "on")}
"""For what reads whole tables."""

_T = TypeVar("_T")


class Pool(AsyncConnectionPool[Connection]):
    """Connections that are known to work, at no cost for those in use.

    What ends one connection (a restart, a failover, a firewall that forgot it) has mostly ended all of its age. So one
    that comes back lost takes those opened before with it, and one that rested is tried first. Other connections are
    given out as they are: a round trip for each statement would double its time.
    """

    def __init__(self, database_url: str, size: int, name: str) -> None:
        super().__init__(
            bounded_url(database_url, name, settings=_BY_KEYS),
            connection_class=Connection,
            min_size=min(2, size),
            max_size=size,
            timeout=_WAIT,
            max_idle=300.0,
            reconnect_timeout=5.0,  # tries are ever further apart; given up, the next caller's begins anew
            name=name,
            kwargs={"autocommit": True, "prepare_threshold": 1},
            check=self._try_if_rested,
            open=False,
        )
        self._doubted_at = 0.0

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - as in psycopg
        """Give a connection out. Whoever is cancelled gets none: Python 3.11's ``wait_for`` forgets a cancellation that
        comes at the moment of a result, and what is not cancelled then may go on for ever."""
        task = asyncio.current_task()
        cancellations = task.cancelling() if task else 0
        conn = await super().getconn(timeout)
        if task and task.cancelling() > cancellations:
            await self.putconn(conn)
            raise asyncio.CancelledError
        return conn

    async def putconn(self, conn: Connection) -> None:
        """Take a connection back."""
        conn.used_at = monotonic()
        if conn.closed and not conn.abandoned:
            await self._doubt_others(conn)
        await super().putconn(conn)

    async def _try_if_rested(self, conn: Connection) -> None:
        if monotonic() - conn.used_at < _RESTED:
            return
        try:
            with conn.answering_within(_TRIAL):
                await conn.execute("")
        except DB_UNAVAILABLE:
            await self._doubt_others(conn)
            raise

    async def _doubt_others(self, lost: Connection) -> None:
        """Throw away the connections that are as old as a lost one."""
        if lost.opened_at > self._doubted_at:  # once for all that are lost together
            self._doubted_at = monotonic()
            await self.drain()


async def open_pool(database_url: str, size: int, name: str) -> Pool:
    """Open a pool of at most ``size`` connections; it keeps trying while the database is away.

    A caller waits at most 5 s for a connection (``psycopg_pool.PoolTimeout``).
    """
    pool = Pool(database_url, size, name)
    await pool.open(wait=False)
    return pool


@asynccontextmanager
async def long_transaction(pool: Pool, seconds: float = LONG_SECONDS) -> AsyncIterator[Connection]:
    """A transaction whose statements may take long: what moves or counts many rows. It waits for locks as long."""
    async with pool.connection() as conn:
        with conn.answering_within(seconds + MARGIN):
            async with conn.transaction():
                settings = {
                    "statement_timeout": f"{seconds}s",
                    "lock_timeout": "0",
                    "idle_in_transaction_session_timeout": f"{_LONG_PAUSE}s",
                    **_AS_IT_LIKES,
                }
                await conn.execute(
                    "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as s (name, value)",
                    (list(settings), list(settings.values())),
                )
                yield conn


async def ping(pool: Pool) -> None:
    """Returns if the database answers; raises one of ``DB_UNAVAILABLE`` if not."""
    async with pool.connection() as conn:
        await conn.execute("select 1")


async def retry_until_available(work: Callable[[], Awaitable[_T]]) -> _T:
    """Do ``work`` (safe to repeat) again and again until the database is back."""
    pause = 0.1
    while True:
        try:
            return await work()
        except DB_UNAVAILABLE:
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

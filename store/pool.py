"""The connection pool: one per process, autocommit, so that each statement is a transaction unless said otherwise."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, TypeVar

from psycopg import InterfaceError, OperationalError
from psycopg.errors import (
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
)
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from store.connection import MARGIN, Connection, bounded_url, pooled_url

DB_UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    ReadOnlySqlTransaction,
    IdleInTransactionSessionTimeout,
    PoolTimeout,
    PoolClosed,
)
"""Errors of a statement if the database is unavailable, was lost or silent while it ran, or is read-only for now.
"""

LONG_SECONDS = 300.0
"""How long a statement of a ``long_transaction`` may take."""

_WAIT = 5.0
"""Seconds that a caller waits for a connection."""
_RESTED = 10.0
"""Seconds without use after which a connection is tested before it is given out."""
_LONG_PAUSE = 60.0
"""Seconds that the client of a ``long_transaction`` may take between two statements."""
_TRIAL = 2.0
"""Seconds that such a test may take."""

BY_KEYS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""Generic plans that use indexes: all our statements read by keys, whatever the statistics are.

A plan made while a table was empty would scan all of it later. And for partitioned tables PostgreSQL would
plan each execution, which takes longer than most of these statements (docs/decisions/0019 has the figures).
"""
PLANNER_DEFAULTS = {"plan_cache_mode": "auto", **dict.fromkeys(list(BY_KEYS)[1:], "on")}
"""For statements that read whole tables."""

_T = TypeVar("_T")


LOCKED = (DeadlockDetected, LockNotAvailable)
"""Errors of a statement that needs what others have locked."""


def is_unavailable(error: Exception) -> bool:
    """Whether the database is away; else the statement is the cause, or others that have locked what it needs."""
    return isinstance(error, DB_UNAVAILABLE) and not isinstance(error, (QueryCanceled, *LOCKED))


class Connections(Protocol):
    """Where a statement gets its connection from: a pool, or a transaction that has begun."""

    def connection(self) -> AbstractAsyncContextManager[Connection]: ...


@dataclass(frozen=True, slots=True)
class InTransaction:
    """Has statements run on a connection whose transaction has begun, and ends with it."""

    conn: Connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self.conn


class Pool(AsyncConnectionPool[Connection]):
    """A pool that tests idle connections only, so that busy ones cost no extra round trip.

    What ends one connection (a restart, a failover, a firewall) has mostly ended all of its age. So a
    lost one causes those opened before to be discarded, and an idle one is tested first. Other connections are
    given out as they are: a round trip for each statement would double its time.

    With a ``direct_url`` the other one is that of a pooler in transaction mode: each transaction may have another
    session of the server, so that none can keep prepared statements there.
    """

    def __init__(self, database_url: str, size: int, name: str, direct_url: str | None = None) -> None:
        self.direct_url = bounded_url(direct_url or database_url, name, settings=BY_KEYS)
        """For a session of one's own."""
        self.is_pooled = direct_url is not None
        super().__init__(
            pooled_url(database_url, name) if self.is_pooled else self.direct_url,
            connection_class=Connection,
            min_size=min(2, size),
            max_size=size,
            timeout=_WAIT,
            max_idle=300.0,
            reconnect_timeout=5.0,  # tries with growing pauses; given up, the next caller's starts again
            name=name,
            kwargs={"autocommit": True, "prepare_threshold": None if self.is_pooled else 1},
            check=self._try_if_rested,
            open=False,
        )
        self._discarded_at = 0.0

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection for what a session keeps beyond a transaction, such as a lock."""
        if not self.is_pooled:
            async with self.connection() as conn:
                yield conn
        else:
            async with await self.own_session() as conn:
                yield conn

    async def own_session(self) -> Connection:
        """Open a connection that is not of the pool."""
        return await Connection.connect(self.direct_url, autocommit=True, prepare_threshold=1)

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - as in psycopg
        """Give a connection out. A cancelled caller gets none: Python 3.11's ``wait_for`` loses a cancellation that
        comes at the moment of a result, and an uncancelled task may then run for ever."""
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
            await self._discard_older(conn)
        await super().putconn(conn)

    async def _try_if_rested(self, conn: Connection) -> None:
        if monotonic() - conn.used_at < _RESTED:
            return
        try:
            with conn.answering_within(_TRIAL):
                await conn.execute("")
        except DB_UNAVAILABLE:
            await self._discard_older(conn)
            raise

    async def _discard_older(self, lost: Connection) -> None:
        """Discard the connections that are as old as a lost one."""
        if lost.opened_at > self._discarded_at:  # once for all that are lost together
            self._discarded_at = monotonic()
            await self.drain()


async def open_pool(database_url: str, size: int, name: str, direct_url: str | None = None) -> Pool:
    """Open a pool of at most ``size`` connections; it keeps trying while the database is away.

    ``direct_url`` says that the other one is that of a pooler in transaction mode. A caller waits at most 5 s for a
    connection (``psycopg_pool.PoolTimeout``).
    """
    pool = Pool(database_url, size, name, direct_url)
    await pool.open(wait=False)
    return pool


@asynccontextmanager
async def long_transaction(pool: Pool, seconds: float = LONG_SECONDS) -> AsyncIterator[Connection]:
    """A transaction whose statements may take long, as they write or count many rows. It waits for locks as long."""
    async with pool.connection() as conn, conn.transaction(), long_statements(conn, seconds):
        yield conn


@asynccontextmanager
async def long_statements(conn: Connection, seconds: float = LONG_SECONDS) -> AsyncIterator[None]:
    """The same in a transaction that has begun, for the statements until this ends."""
    with conn.answering_within(seconds + MARGIN):
        settings = {
            "statement_timeout": f"{seconds}s",
            "lock_timeout": "0",
            "idle_in_transaction_session_timeout": f"{_LONG_PAUSE}s",
            **PLANNER_DEFAULTS,
        }
        await conn.execute(
            "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as s (name, value)",
            (list(settings), list(settings.values())),
        )
        yield


async def ping(pool: Pool) -> None:
    """Returns if the database answers; raises one of ``DB_UNAVAILABLE`` if not."""
    async with pool.connection() as conn:
        await conn.execute("select 1")


async def retry_until_available(work: Callable[[], Awaitable[_T]]) -> _T:
    """Retry ``work`` (idempotent) until the database is back."""
    pause = 0.1
    while True:
        try:
            return await work()
        except DB_UNAVAILABLE:
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 2)

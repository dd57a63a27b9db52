"""Locks that would block others: requested with short time-outs and retried, so that others can proceed between."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.rows import TupleRow

LOCK_TIMEOUT_MS = 50
"""How long a statement waits for a lock. While it waits, later statements wait as well."""
RETRY_EVERY = 0.5
"""Seconds between two tries at a lock, in which waiting statements proceed."""

NO_LOCK = (LockNotAvailable, DeadlockDetected)

_T = TypeVar("_T")


async def limit_lock_waits(conn: AsyncConnection[TupleRow], milliseconds: int = LOCK_TIMEOUT_MS) -> None:
    """0: no limit. Ends with the transaction, if there is one."""
    await conn.execute("select set_config('lock_timeout', %s, false)", (str(milliseconds),))


async def retry_until_locked(give_up_after: float, step: Callable[[], Awaitable[_T]]) -> _T:
    """Retry a step, which must be atomic, until it gets all its locks.

    Raises:
        psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected: it has not within ``give_up_after`` seconds.
    """
    began = time.monotonic()
    while True:
        try:
            return await step()
        except NO_LOCK:
            if time.monotonic() - began > give_up_after:
                raise
        await asyncio.sleep(RETRY_EVERY)

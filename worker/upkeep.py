"""What a worker process does besides its queues: it says that it lives, and forgets what is past."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from store import idempotency
from store import workers as alive
from store.pool import AWAY, Pool

FORGET_EVERY = 3600.0
IDEMPOTENCY_HOURS = 48
"""How long an ``Idempotency-Key`` keeps its answer: the promise is 24 h."""


@contextlib.asynccontextmanager
async def upkeep(pool: Pool, queues: list[str]) -> AsyncIterator[None]:
    """Keep the worker's row fresh and old idempotency keys out, while the context is open."""
    # Host and process for the reader; unique, because containers may share both and a process may serve twice.
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    chores = [
        asyncio.create_task(_every(alive.BEAT_SECONDS, lambda: alive.beat(pool, worker_id, queues))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: idempotency.forget_older_than(pool, IDEMPOTENCY_HOURS))),
    ]
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        with contextlib.suppress(*AWAY):
            await alive.leave(pool, worker_id)


async def _every(seconds: float, chore: Callable[[], Awaitable[object]]) -> None:
    while True:
        with contextlib.suppress(*AWAY):
            await chore()
        await asyncio.sleep(seconds)

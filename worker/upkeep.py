"""What a worker process does besides its queues: it says that it lives, and does the upkeep if no other does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio.client import Client

from store import workers as alive
from store.pool import DB_UNAVAILABLE, Pool
from worker.chores import Policy, chores
from worker.leader import Chore, lead, repeat


@contextlib.asynccontextmanager
async def upkeep(pool: Pool, client: Client, queues: list[str], policy: Policy | None = None) -> AsyncIterator[None]:
    """While the context is open: keep the worker's row fresh, and stand by to do the upkeep of all."""
    worker_id = alive.new_worker_id()
    beat = Chore("say that the worker lives", alive.BEAT_SECONDS, lambda: alive.beat(pool, worker_id, queues))
    running = [
        asyncio.create_task(repeat(beat)),
        asyncio.create_task(lead(pool, chores(pool, client, policy or Policy()))),
    ]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(*DB_UNAVAILABLE):
            await alive.leave(pool, worker_id)

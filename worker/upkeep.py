"""What a worker process does besides its queues: it says that it lives, and does the upkeep if no other does."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from uuid import uuid4

from temporalio.client import Client

from store import workers as alive
from store.pool import AWAY, Pool
from worker.chores import UnknownPolicy, chores
from worker.leader import Chore, lead, repeat


@contextlib.asynccontextmanager
async def upkeep(
    pool: Pool, client: Client, queues: list[str], unknown: UnknownPolicy | None = None
) -> AsyncIterator[None]:
    """While the context is open: keep the worker's row fresh, and stand by to do the upkeep of all."""
    # Host and process for the reader; unique, because containers may share both and a process may serve twice.
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    beat = Chore("say that the worker lives", alive.BEAT_SECONDS, lambda: alive.beat(pool, worker_id, queues))
    running = [
        asyncio.create_task(repeat(beat)),
        asyncio.create_task(lead(pool, chores(pool, client, unknown or UnknownPolicy()))),
    ]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(*AWAY):
            await alive.leave(pool, worker_id)

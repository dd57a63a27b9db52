"""What a worker process does besides its queues: liveness reports, and maintenance if it is the leader."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from temporalio.client import Client

from domain.keyring import Keyring
from runtime.metrics.counted import REGISTRY
from runtime.tasks import cancel_and_wait
from store import workers as alive
from store.pool import DB_UNAVAILABLE, Pool
from worker.leader import PeriodicTask, lead, repeat
from worker.periodic_tasks import periodic_tasks
from worker.sweeps.install_figures import LOOK_EVERY, InstallFigures

NOTHING_SET: Mapping[str, Any] = MappingProxyType({})


@contextlib.asynccontextmanager
async def maintenance(
    pool: Pool,
    client: Client,
    queues: list[str],
    environment: Mapping[str, Any] = NOTHING_SET,
    dns_servers: str = "",
    keyring: Keyring | None = None,
    more: Sequence[PeriodicTask] = (),
) -> AsyncIterator[None]:
    """While the context is open: keep the worker's row fresh, and try to become the leader of maintenance.

    ``environment``, ``dns_servers`` and ``keyring``: as in ``periodic_tasks``. ``more``: further tasks of the leader.
    """
    worker_id = alive.new_worker_id()
    beat = PeriodicTask(
        "report that the worker is alive", alive.BEAT_SECONDS, lambda: alive.beat(pool, worker_id, queues)
    )
    figures = InstallFigures(pool)
    look = PeriodicTask("look at the install for its metrics", LOOK_EVERY, figures.look)
    tasks = [*periodic_tasks(pool, client, environment, dns_servers, keyring), look, *more]
    running = [asyncio.create_task(repeat(beat)), asyncio.create_task(lead(pool, tasks))]
    REGISTRY.register(figures)
    try:
        yield
    finally:
        REGISTRY.unregister(figures)
        await cancel_and_wait(*running)
        with contextlib.suppress(*DB_UNAVAILABLE):
            await alive.leave(pool, worker_id)

"""The home: the one process that sends through gateways whose providers count connections, and keeps them connected.

Of all workers that serve the home's queue the one with the role polls it. Receipts and inbound messages come over the
same connections, also when nothing is sent (docs/decisions/0060-smpp-at-home.md).
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from activities.dependencies import DRAIN_SECONDS
from activities.pacing.gateway_cache import GatewayCache
from domain.errors import XsenderError
from gateways.base import Listening
from gateways.registry import LISTENING_TYPES
from runtime.tasks import cancel_and_wait
from store.gateways import gateways as stored
from store.leader_lock import HOME
from store.pool import Pool
from worker.build import build_home_workers
from worker.leader import PeriodicTask, lead
from worker.sweeps import template_sync
from worker.sweeps.template_sync import read_due_templates
from worker.table import QueueRow
from workflows.policy import HOME_QUEUE

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two checks which gateways exist, and whether they are connected."""
HAND_OVER_SECONDS = 5.0
"""How long the role is kept for answers that are still to come: gateways that do not answer hold up no others."""
_START_AGAIN = 1.0
"""Seconds after which the queues are polled again, if that has failed."""


class Home:
    """This process, where it may be the home. It is that while it has the role, from ``start`` to ``aclose``."""

    def __init__(self, pool: Pool, client: Client, rows: Mapping[str, QueueRow], gateways: GatewayCache) -> None:
        """``rows``: what the process serves. Without the home's queue it never is the home."""
        self.client = client
        self._pool = pool
        self._rows = rows
        self._gateways = gateways
        self._leading: asyncio.Task[None] | None = None
        self._draining: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Take the role as soon as no other process has it, and again when it was lost."""
        if HOME_QUEUE not in self._rows:
            return
        tasks = [
            PeriodicTask("send through gateways at home", _START_AGAIN, self._serve),
            PeriodicTask("keep gateways connected", EVERY, partial(connect_all, self._pool, self._gateways)),
            PeriodicTask(
                "read templates", template_sync.EVERY, partial(read_due_templates, self._pool, self._gateways)
            ),
        ]
        self._leading = asyncio.create_task(lead(self._pool, tasks, HOME))

    async def aclose(self) -> None:
        """Take nothing more, leave the role, and let what is under way get its answers."""
        if self._leading is not None:
            await cancel_and_wait(self._leading)
        if self._draining:
            await asyncio.wait(self._draining)

    async def _serve(self) -> None:
        """Poll the queues until cancelled."""
        workers = build_home_workers(self.client, self._rows)
        running = [asyncio.create_task(worker.run()) for worker in workers]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._hand_over(workers, running)

    async def _hand_over(self, workers: Sequence[Worker], running: "Sequence[asyncio.Task[None]]") -> None:
        """Each gateway's connections are closed when it has answered; the role is kept only for those that answer soon.

        In a task of its own: the end of the role is not to cut off answers.
        """
        draining = asyncio.create_task(self._drain(workers, running))
        self._draining.add(draining)
        draining.add_done_callback(self._draining.discard)
        ended, _ = await asyncio.wait({draining}, timeout=HAND_OVER_SECONDS)
        for task in ended:
            task.result()

    async def _drain(self, workers: Sequence[Worker], running: "Sequence[asyncio.Task[None]]") -> None:
        ending = [worker.shutdown() for worker, run in zip(workers, running, strict=True) if not run.done()]
        await asyncio.gather(*ending, self._gateways.disconnect(DRAIN_SECONDS))
        await asyncio.gather(*running)


async def connect_all(pool: Pool, gateways: GatewayCache) -> None:
    """Connect all listening gateways that are in use, concurrently: some may hang.

    One that cannot be connected is tried again with the next check.
    """
    tries = [_connect(gateways, *gateway) for gateway in await stored.in_use(pool, LISTENING_TYPES)]
    for failure in filter(None, await asyncio.gather(*tries, return_exceptions=True)):
        raise failure


async def _connect(gateways: GatewayCache, gateway_id: UUID, version: int) -> None:
    try:
        gateway = await gateways.get(gateway_id, version)
        if isinstance(gateway, Listening):
            await gateway.connect()
    except (OSError, TimeoutError, XsenderError) as error:
        log.warning("a gateway's listener could not connect", gateway=str(gateway_id), error=str(error))

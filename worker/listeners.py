"""Keeps gateways connected whose providers send events over the gateway's connection, also when nothing is sent.

Receipts of messages from before a restart, and inbound messages, go to any bound connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import structlog

from activities.pacing.gateway_cache import GatewayCache
from domain.errors import XsenderError
from gateways.base import Listening
from gateways.registry import GATEWAY_TYPES
from runtime.tasks import cancel_and_wait
from store.gateways import gateways as stored
from store.leader_lock import LISTENERS
from store.pool import Pool
from worker.leader import PeriodicTask, lead
from worker.sweeps import template_sync
from worker.sweeps.template_sync import read_due_templates

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two checks which gateways exist, and whether they are connected."""


@asynccontextmanager
async def keeping_connected(pool: Pool, gateways: GatewayCache) -> AsyncIterator[None]:
    """Keep all listening gateways connected, and templates up to date, while the context is open, if no other process
    does."""
    tasks = [
        PeriodicTask("keep gateways connected", EVERY, partial(connect_all, pool, gateways)),
        PeriodicTask("read templates", template_sync.EVERY, partial(read_due_templates, pool, gateways)),
    ]
    keeping = asyncio.create_task(lead(pool, tasks, LISTENERS))
    try:
        yield
    finally:
        await cancel_and_wait(keeping)


async def connect_all(pool: Pool, gateways: GatewayCache) -> None:
    """Connect all listening gateways that are in use, concurrently: some may hang.

    One that cannot be connected is tried again with the next check.
    """
    listening = [entry.name for entry in GATEWAY_TYPES.values() if entry.listens]
    tries = [_connect(gateways, *gateway) for gateway in await stored.in_use(pool, listening)]
    for failure in filter(None, await asyncio.gather(*tries, return_exceptions=True)):
        raise failure


async def _connect(gateways: GatewayCache, gateway_id: UUID, version: int) -> None:
    try:
        gateway = await gateways.get(gateway_id, version)
        if isinstance(gateway, Listening):
            await gateway.connect()
    except (OSError, TimeoutError, XsenderError) as error:
        log.warning("a gateway's listener could not connect", gateway=str(gateway_id), error=str(error))

"""Gateways whose providers tell them things over their own connection stay connected, also when nothing is sent.

Receipts of what was sent before a restart, and messages from people, come to whoever is bound.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from uuid import UUID

import structlog

from activities.pacing.gateway_cache import GatewayCache
from domain.errors import XsenderError
from gateways.base import Listening
from gateways.registry import GATEWAY_TYPES
from store.gateways import gateways as stored
from store.leader_lock import KEEPER
from store.pool import Pool
from worker.leader import Chore, lead

log = structlog.get_logger()

EVERY = 5.0
"""Seconds between two looks at which gateways there are, and whether they are connected."""


@asynccontextmanager
async def keeping_connected(pool: Pool, gateways: GatewayCache) -> AsyncIterator[None]:
    """Keep all listening gateways connected while the context is open, if no other process does."""
    looks = Chore("keep gateways connected", EVERY, partial(connect_all, pool, gateways))
    keeping = asyncio.create_task(lead(pool, [looks], KEEPER))
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def connect_all(pool: Pool, gateways: GatewayCache) -> None:
    """Connect all listening gateways that are in use, side by side: some may hang.

    One that cannot be connected is tried again with the next look.
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
        log.warning("a gateway does not listen", gateway=str(gateway_id), error=str(error))

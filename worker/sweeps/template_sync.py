"""Reads the templates of WhatsApp gateways, and how Meta judges their numbers: every hour, and soon after Meta reports
a change."""

import asyncio
from uuid import UUID

import structlog

from activities.pacing.gateway_cache import GatewayCache
from domain.errors import XsenderError
from gateways.base import ListsTemplates, ReadsNumber, TemplatesUnreadable
from store.pool import Pool
from store.whatsapp import numbers, templates

log = structlog.get_logger()

EVERY = 30.0
"""Seconds between two looks which gateways are due."""
HOUR = 3600.0
AT_A_TIME = 20


async def read_due_templates(pool: Pool, gateways: GatewayCache) -> None:
    """Read those that are due, side by side: one that fails or hangs keeps no other waiting."""
    due = await templates.take_due(pool, "whatsapp_cloud", HOUR, AT_A_TIME)
    await asyncio.gather(*(_read(pool, gateways, *gateway) for gateway in due))


async def _read(pool: Pool, gateways: GatewayCache, gateway_id: UUID, version: int) -> None:
    try:
        gateway = await gateways.get(gateway_id, version)
        if isinstance(gateway, ReadsNumber) and (number := await gateway.read_number()):
            await numbers.note_read(pool, gateway_id, number)
        found = await gateway.list_templates() if isinstance(gateway, ListsTemplates) else None
    except (TemplatesUnreadable, XsenderError) as error:
        log.warning("a gateway's templates could not be read", gateway=str(gateway_id), error=str(error))
        await templates.note_failure(pool, gateway_id, str(error))
        return
    if found is not None:
        await templates.replace(pool, gateway_id, found)

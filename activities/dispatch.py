"""dispatch: hand the messages of one route to their gateway, at its pace, each at most once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from temporalio import activity

from activities.delivery import Delivery
from activities.gateway_cache import GatewayCache
from domain.errors import XsenderError
from domain.keyring import KeyringError
from domain.page import Again, DispatchRequest, DispatchResult
from domain.page_content import PageContent
from store import routing
from store.pool import Pool

BREAKER_THRESHOLD = 5
"""Failures of the gateway itself, in a row, that open its breaker."""
BREAKER_PAUSE = 5.0
"""Seconds of the first pause."""
HEARTBEAT_SECONDS = 2.5


class Dispatch:
    """The only activity that talks to the outside. It has its own task queue and is never a local activity."""

    def __init__(self, pool: Pool, gateways: GatewayCache) -> None:
        self._pool = pool
        self._gateways = gateways

    @activity.defn(name="dispatch")
    async def dispatch(self, request: DispatchRequest, content: bytes) -> DispatchResult:
        """Send, with outcomes written into the record as they come. Returns what wants another round."""
        route = request.route
        gateway_id = UUID(route.gateway_id)
        try:
            gateway = await self._gateways.get(gateway_id, route.version)
        except (XsenderError, KeyringError) as error:
            reason = f"gateway {route.gateway} cannot be used: {error}"
            await self._note_health(gateway_id, failures=BREAKER_THRESHOLD, reason=reason)
            return DispatchResult([Again("gateway_down", route.indexes, reason=reason)])
        delivery = Delivery(
            self._pool, gateway, request, PageContent.decode(content), stopping=activity.is_worker_shutdown
        )
        async with _heartbeats():
            if activity.info().attempt > 1:
                await delivery.take_over()
            again = await delivery.run()
        if delivery.failures_in_a_row:
            await self._note_health(gateway_id, delivery.failures_in_a_row, delivery.last_failure)
        elif route.suspect and delivery.accepted:
            await routing.record_up(self._pool, gateway_id)
        return DispatchResult(again)

    async def _note_health(self, gateway_id: UUID, failures: int, reason: str) -> None:
        await routing.record_down(self._pool, gateway_id, reason, failures, BREAKER_THRESHOLD, BREAKER_PAUSE)


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()

"""choose_gateway: the ways out for some messages of a page, with their rate slots reserved."""

import time
from dataclasses import replace
from uuid import UUID

from temporalio import activity

from domain.page import Route, RouteRequest, Routing
from domain.routing import choose
from store import routing
from store.pool import Pool


class ChooseGateway:
    """Eligible, healthy, in order; the gateway's next rate slots are reserved in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="choose_gateway")
    async def choose_gateway(self, request: RouteRequest) -> Routing:
        """Every message of the request gets a route, a place to wait, or the reason why there is no way out."""
        candidates = await routing.candidates(self._pool, request.page.account_id, request.page.channel)
        chosen = choose(request, candidates, time.time())
        return replace(chosen, routes=[await self._reserve(route) for route in chosen.routes])

    async def _reserve(self, route: Route) -> Route:
        if not route.per_second:
            return route
        begins = await routing.reserve_slots(self._pool, UUID(route.gateway_id), len(route.indexes), route.per_second)
        slot = begins.timestamp()
        if slot <= route.start_at:
            return route
        return replace(route, start_at=slot, waits_for="rate_slot")

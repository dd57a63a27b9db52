"""choose_gateway: the ways out for some messages of a page, with their rate slots reserved."""

import time
from dataclasses import replace
from uuid import UUID

from temporalio import activity

from domain.page import Route, RouteRequest, Routing
from domain.routing import Candidate, choose
from store import routing
from store.pool import Pool

PROBE_SECONDS = 30.0
"""How long the probing of a gateway may take before another page probes it as well."""


class ChooseGateway:
    """Eligible, not out of use, in order; the gateway's next rate slots are reserved in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="choose_gateway")
    async def choose_gateway(self, request: RouteRequest) -> Routing:
        """Every message of the request gets a route, a place to wait, or the reason why there is no way out."""
        probing: set[str] = set()
        while True:
            chosen = choose(request, await self._candidates(request, probing), time.time())
            wanted = {route.gateway_id for route in chosen.routes if route.probe} - probing
            won = [gateway_id for gateway_id in sorted(wanted) if await self._may_probe(gateway_id)]
            probing.update(won)
            if len(won) == len(wanted):
                return replace(chosen, routes=[await self._reserve(route) for route in chosen.routes])

    async def _candidates(self, request: RouteRequest, probing: set[str]) -> list[Candidate]:
        """Those that are being probed by this call are in use for it alone."""
        found = await routing.candidates(self._pool, request.page.account_id, request.page.channel)
        return [replace(c, out_of_use=False) if str(c.gateway_id) in probing else c for c in found]

    async def _may_probe(self, gateway_id: str) -> bool:
        return await routing.take_probe(self._pool, UUID(gateway_id), PROBE_SECONDS)

    async def _reserve(self, route: Route) -> Route:
        if not route.per_second:
            return route
        begins = await routing.reserve_slots(self._pool, UUID(route.gateway_id), len(route.indexes), route.per_second)
        slot = begins.timestamp()
        if slot <= route.start_at:
            return route
        return replace(route, start_at=slot, waits_for="rate_slot")

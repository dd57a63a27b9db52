"""choose_gateway: routes for some messages of a page, with their rate slots reserved."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from temporalio import activity

from activities.database_clock import DatabaseClock
from activities.pacing.guarding import Content, Guarding
from activities.pacing.warm_up import OfDomains, WarmUps
from domain.lanes import Lane
from domain.mail.addresses import domain_of
from domain.messages.page import CONCURRENCY, PageHeader, Route, RouteRequest, Routing
from domain.messages.routing import ACCOUNT_SUSPENDED, Sender, choose_for, join
from domain.reputation.rules import REPUTATION_GUARD
from gateways.registry import LISTENING_TYPES
from store import sending_pauses
from store.accounts import waits as account_waits
from store.gateways import gateway_waits, routing
from store.gateways.senders import sending_as
from store.pool import Pool
from store.reputation.pauses import not_transactional

PROBE_SECONDS = 30.0
"""How long the probing of a gateway may take before another page probes it as well."""

SLOT_LEAD = 1.0
"""How many seconds before its rate slot a dispatch begins, so that it is ready in time. Less for fast gateways:
no more dispatches wait for rate slots than can run at once."""


class ChooseGateway:
    """Eligible, not out of use, in order; the gateway's next rate slots are reserved in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._clock = DatabaseClock(pool)
        self._guarding = Guarding(pool)
        self._warm_ups = WarmUps(pool)

    @activity.defn(name="choose_gateway")
    async def choose_gateway(self, request: RouteRequest) -> Routing:
        """Every message of the request gets a route, a wait, or the reason why there is no route.

        All times of the answer are by the database's clock.
        """
        return await self.choose(request)

    async def choose(self, request: RouteRequest, content: Content | None = None) -> Routing:
        """The same; ``content``: of the page, where it is at hand."""
        await self._clock.adjust()
        probing: set[str] = set()
        while True:
            chosen, pauses, of_domains = await self._choose(request, probing, content)
            wanted = {route.gateway_id for route in chosen.routes if route.probe} - probing
            won = [gateway_id for gateway_id in sorted(wanted) if await self._may_probe(gateway_id)]
            probing.update(won)
            if len(won) == len(wanted):
                chosen = await self._warm_ups.limit(request, chosen, of_domains)
                await self._note_waits(request, chosen, pauses)
                routes = [await self._reserve(route, request.page.lane) for route in chosen.routes]
                return replace(chosen, routes=routes, at=self._clock.now())

    async def _choose(
        self, request: RouteRequest, probing: set[str], content: Content | None
    ) -> tuple[Routing, set[UUID], OfDomains]:
        """Each account's messages by its own gateways, and those of test keys by the sandbox; gateways that this call
        probes count as usable.

        Returns the pauses of sending that stop some of them, and the warm-ups of the domains that they are from, too.
        """
        shares = request.page.shares(request.indexes)
        channel, now = request.page.channel, self._clock.now()
        accounts = {share.account_id for share in shares}
        senders = await routing.candidates(self._pool, accounts, channel, LISTENING_TYPES)
        tests = any(share.key is not None and share.key.test for share in shares)
        sandbox = await routing.sandbox(self._pool, channel) if tests else []
        routings, pauses = [], set()
        of_domains: dict[tuple[int, str], UUID] = {}
        if request.page.senders:
            senders = await self._with_addresses(request.page.senders, senders)
        for share in shares:
            sender = senders[share.account_id]
            free, judged = await self._guarding.sort(request.page, share, sender, now, content)
            if judged is not None:
                routings.append(judged)
            if share.key is not None and share.key.test:  # nothing leaves through a sandbox, whatever it is from
                sender = replace(sender, candidates=sandbox, sending_as=None)
            if sender.sending_as is not None:
                of_domains |= {(share.account_id, name): id_ for name, id_ in sender.sending_as.warm_ups.items()}
            usable = [replace(c, out_of_use=False) if str(c.gateway_id) in probing else c for c in sender.candidates]
            async for one, indexes in self._parts(request.page, replace(sender, candidates=usable), free):
                asked = replace(request, indexes=indexes)
                chosen = choose_for(one, asked, now, share.key)
                routings.append(chosen if judged is None else _judged(chosen, now))
                if one.pause_id is not None:
                    pauses.add(one.pause_id)
                elif any(parked.waits_for == REPUTATION_GUARD for parked in chosen.parked):
                    pauses |= one.guards
        return join(routings), pauses, of_domains

    async def _parts(
        self, page: PageHeader, sender: Sender, indexes: list[int]
    ) -> AsyncIterator[tuple[Sender, list[int]]]:
        """The messages that the reputation guard leaves alone, and the others: most senders have no such pause."""
        if not indexes:
            return
        if not sender.guards:
            yield sender, indexes
            return
        held = await not_transactional(self._pool, page, indexes)
        if free := sorted(set(indexes).difference(held)):
            yield sender.for_transactional(), free
        if held:
            yield sender, held

    async def _with_addresses(self, addresses: Iterable[str], senders: Mapping[int, Sender]) -> dict[int, Sender]:
        """Each account with what it may send from: one statement more, for pages that need it only."""
        domains = {domain_of(address) for address in addresses}
        gateway_ids = {c.gateway_id for sender in senders.values() for c in sender.candidates}
        found = await sending_as(self._pool, list(senders), domains, gateway_ids)
        return {account_id: replace(sender, sending_as=found[account_id]) for account_id, sender in senders.items()}

    async def _may_probe(self, gateway_id: str) -> bool:
        return await routing.take_probe(self._pool, UUID(gateway_id), PROBE_SECONDS)

    async def _note_waits(self, request: RouteRequest, chosen: Routing, pauses: set[UUID]) -> None:
        """Note which pages to signal when a paused gateway, a suspended account, or all sending is resumed."""
        page_id = UUID(request.page.page_id)
        stopped = {UUID(gateway_id) for parked in chosen.parked for gateway_id in parked.stopped}
        if stopped:
            await gateway_waits.note(self._pool, page_id, stopped)
        suspended = [parked.indexes for parked in chosen.parked if parked.waits_for == ACCOUNT_SUSPENDED]
        if suspended:
            owners = {request.page.account_of(indexes[0]) for indexes in suspended}
            await account_waits.note(self._pool, page_id, owners)
        if pauses:
            await sending_pauses.note(self._pool, page_id, pauses)

    async def _reserve(self, route: Route, lane: str) -> Route:
        if not route.per_second:
            return route
        if lane == Lane.BULK:  # reserving all of a page's slots at once would delay urgent messages by as much
            return replace(route, takes_slots=True)
        slots = await routing.reserve_slots(self._pool, UUID(route.gateway_id), len(route.indexes), route.per_second)
        assert slots is not None
        lead = min(SLOT_LEAD, CONCURRENCY / route.per_second)
        begins = slots.at - lead
        if slots.wait <= lead or begins <= route.start_at:
            return replace(route, slot_at=slots.at)
        return replace(route, slot_at=slots.at, start_at=begins, waits_for="rate_slot")


def _judged(routing: Routing, at: float) -> Routing:
    """The same for messages that guards let pass."""
    return replace(routing, routes=[replace(route, judged_at=at) for route in routing.routes])

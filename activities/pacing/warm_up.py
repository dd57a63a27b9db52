"""Warm-ups: of the messages that found a gateway, which may leave now, and which wait for the next hour or day."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from temporalio import activity

from domain.mail.addresses import domain_of
from domain.messages.page import PageHeader, Parked, Retry, Route, RouteRequest, Routing
from domain.reputation.warm_up import WARM_UP
from store.pool import DB_UNAVAILABLE, Pool
from store.reputation import warm_ups
from store.reputation.pauses import not_transactional
from store.reputation.warm_ups import Taken

OfDomains = Mapping[tuple[int, str], UUID]
"""Warm-ups of sender domains, by their account and name."""

_NOT_SENT = ("gateway_down", "held_back", "not_started", "retry_later")


class WarmUps:
    """Most gateways and domains have none: they cost nothing here."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def limit(self, request: RouteRequest, routing: Routing, of_domains: OfDomains) -> Routing:
        """Take from the caps. Transactional messages are counted, and never held."""
        if not of_domains and not any(route.warm_ups for route in routing.routes):
            return routing
        routed = [index for route in routing.routes for index in route.indexes]
        held = set(await not_transactional(self._pool, request.page, routed))
        routes, parked = [], list(routing.parked)
        for route in routing.routes:
            kept, waiting = await self._limit_route(request.page, route, held, of_domains)
            routes += [kept] if kept.indexes else []
            parked += waiting
        return replace(routing, routes=routes, parked=parked)

    async def _limit_route(
        self, page: PageHeader, route: Route, held: set[int], of_domains: OfDomains
    ) -> tuple[Route, list[Parked]]:
        left, parked = list(route.indexes), []
        counted: dict[str, list[int]] = {}
        for warm_up_id, members in _groups(page, route, of_domains):
            present = [index for index in left if index in members]
            may_wait = [index for index in present if index in held]
            taken = await self._take(warm_up_id, len(may_wait), len(present) - len(may_wait))
            if waiting := may_wait[taken.count :]:
                parked.append(Parked(waiting, taken.until, route.gateway, WARM_UP))
                left = [index for index in left if index not in set(waiting)]
                for earlier, indexes in counted.items():
                    await self._give_back(UUID(earlier), len(set(indexes) & set(waiting)))
            counted[str(warm_up_id)] = [index for index in present if index in set(left)]
        return replace(route, indexes=left, warm_ups=counted), parked

    async def give_back(self, route: Route, retries: list[Retry]) -> None:
        """Give back what was taken for messages that did not leave."""
        if not route.warm_ups:
            return
        unsent = {index for retry in retries if retry.kind in _NOT_SENT for index in retry.indexes}
        for warm_up_id, indexes in route.warm_ups.items():
            await self._give_back(UUID(warm_up_id), len(unsent.intersection(indexes)))

    async def _give_back(self, warm_up_id: UUID, count: int) -> None:
        if count:
            with suppress(*DB_UNAVAILABLE):  # what is not given back is sent tomorrow
                await warm_ups.give_back(self._pool, warm_up_id, count)

    async def _take(self, warm_up_id: UUID, asked: int, free: int) -> Taken:
        """A cap that cannot be read must not stop messages."""
        try:
            return await warm_ups.take(self._pool, warm_up_id, asked, free)
        except DB_UNAVAILABLE:  # nothing can be sent without it anyway
            raise
        except Exception:
            activity.logger.exception("a warm-up cannot be used: its messages are sent")
            return Taken(asked, 0.0)


def _groups(page: PageHeader, route: Route, of_domains: OfDomains) -> list[tuple[UUID, set[int]]]:
    """The warm-ups that concern a route, each with its messages: first that of the gateway, then those of domains."""
    groups = {UUID(warm_up_id): set(route.indexes) for warm_up_id in route.warm_ups}
    if of_domains:
        wanted = set(route.indexes)
        for address, indexes in page.senders.items():
            for index in wanted.intersection(indexes):
                warm_up_id = of_domains.get((page.account_of(index), domain_of(address)))
                if warm_up_id is not None:
                    groups.setdefault(warm_up_id, set()).add(index)
    return list(groups.items())

"""Choice of a message's gateway: a pure function of candidates, without clock and database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.mail.addresses import domain_of
from domain.messages.page import KeyTerms, NoRoute, Parked, Route, RouteRequest, Routing
from domain.reputation.rules import REPUTATION_GUARD

DEFAULT_GATEWAY = "default_gateway"
"""What XSender's clients send to request no particular gateway."""

ACCOUNT_SUSPENDED = "account_suspended"
"""What messages of a suspended account wait for."""

SENDING_PAUSED = "sending_paused"
"""What messages wait for while staff has paused sending."""

MAX_PAUSE = 60.0

PAUSED_LOOK = 300.0
"""Seconds after which messages that wait for a paused gateway choose again, and those whose sending is paused. They
are signalled when it is resumed, but not when another gateway is added or shared."""

SUSPENDED_LOOK = 3600.0
"""Seconds after which messages of a suspended account choose again. They are signalled when it is resumed."""


def sandbox_identifier(channel: str) -> str:
    """What the install's own sandbox gateway of a channel is called; the admin owns it."""
    return f"sandbox-{channel}"


class Mode(StrEnum):
    """How an operator lets a gateway be used."""

    ACTIVE = "active"
    DRAINING = "draining"
    """It takes no new pages; dispatches in progress are completed."""
    PAUSED = "paused"
    """Nothing is sent through it; dispatches in progress return their unsent messages."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A gateway that an account may use on a channel, with its current state."""

    gateway_id: UUID
    identifier: str
    version: int
    own: bool
    per_second: float | None
    on_unknown: str
    failures: int
    open_until: datetime | None
    """Until when its breaker keeps it out of use, or kept it (then it needs a probe); ``None``: it is in use."""
    out_of_use: bool
    """Whether that is still so, by the clock that set it."""
    stopped: bool = False
    """Whether an operator stopped it: it is draining or paused."""
    guard_id: UUID | None = None
    """The pause of the reputation guard: it sends transactional messages only; ``None``: it sends all."""
    warm_up_id: UUID | None = None
    """Its warm-up; ``None``: it has no cap."""
    at_home: bool = False
    """Whether only one process of all sends through it."""


@dataclass(frozen=True, slots=True)
class SendingAs:
    """Which mailboxes an account may send emails from, through which gateways."""

    verified: frozenset[str]
    """Domains that are verified for it."""
    open_gateways: frozenset[UUID]
    """Gateways that send from verified domains."""
    fixed: Mapping[UUID, str | None]
    """The own address of each gateway, where it is known."""
    warm_ups: Mapping[str, UUID] = field(default_factory=dict)
    """The warm-ups of these domains, by domain."""

    def allows(self, gateway_id: UUID, address: str) -> bool:
        """Whether a mail from this address may go through the gateway."""
        if self.fixed.get(gateway_id) == address:
            return True
        return gateway_id in self.open_gateways and domain_of(address) in self.verified


@dataclass(frozen=True, slots=True)
class Guarded:
    """An account with guards (docs/guards.md)."""

    version: int
    """Of its guards: it changes with them."""
    of_all: bool
    """Whether they concern transactional messages, too."""
    of_marketing: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """An account, as far as it affects the choice of gateways."""

    status: str
    """``active``, ``suspended``, ``deleted``, or ``unknown``: there is no such account."""
    candidates: list[Candidate]
    """The gateways that it may use on a channel, in the order in which they are tried."""
    sending_as: "SendingAs | None" = None
    """What it may send emails from; ``None``: no message of the request is from a mailbox of its own."""
    pause_id: UUID | None = None
    """The pause of sending that stops its messages on this channel, if there is one."""
    cancels_waiting: bool = False
    """Of a suspended one: whether its messages are cancelled, and do not wait."""
    guarded: "Guarded | None" = None
    """Whether guards are to be asked about its messages; ``None``: it has none."""
    spares_transactional: bool = False
    """Whether the pause leaves transactional messages alone."""

    @property
    def guards(self) -> set[UUID]:
        """The pauses that leave transactional messages alone."""
        own = {self.pause_id} if self.pause_id is not None and self.spares_transactional else set()
        return own | {c.guard_id for c in self.candidates if c.guard_id is not None}

    def for_transactional(self) -> "Sender":
        """The same for messages that the reputation guard leaves alone."""
        free = [replace(c, guard_id=None) for c in self.candidates]
        return replace(self, candidates=free, pause_id=None if self.spares_transactional else self.pause_id)


def retry_pause(attempt: int) -> float:
    """Seconds to wait before attempt number ``attempt`` at a gateway that failed before: 1, 2, 4 … 60."""
    return min(MAX_PAUSE, 2.0 ** min(10, max(0, attempt - 2)))


def choose_for(sender: Sender, request: RouteRequest, now: float, key: KeyTerms | None = None) -> Routing:
    """As ``choose``, for an account that may send. A suspended one's messages wait or are cancelled, a deleted
    one's are cancelled.

    Those of an account whose sending is paused wait, too. ``key`` is the messages' if it demands something.
    docs/accounts.md and docs/keys.md document this.
    """
    if sender.status == "active" and sender.pause_id is not None:
        waits_for = REPUTATION_GUARD if sender.spares_transactional else SENDING_PAUSED
        return Routing(parked=[Parked(request.indexes, now + PAUSED_LOOK, "", waits_for)])
    if sender.status == "active" and key is not None:
        return _choose_for_key(sender, request, now, key)
    if sender.status == "active":
        return choose(request, sender.candidates, now, sender.sending_as)
    if sender.status == "suspended" and not sender.cancels_waiting:
        return Routing(parked=[Parked(request.indexes, now + SUSPENDED_LOOK, "", ACCOUNT_SUSPENDED)])
    ending = NoRoute(request.indexes, f"account_{sender.status}", f"the account is {sender.status}", "cancelled")
    return Routing(none=[ending])


def choose(
    request: RouteRequest, candidates: Sequence[Candidate], now: float, sending_as: SendingAs | None = None
) -> Routing:
    """Give each message of the request a route, or the reason why there is none.

    The first candidate that is neither out of use nor stopped is chosen, in order. A message that requests a gateway
    gets that one or none. When every such candidate has failed this message before, the first of them is tried again
    after a pause. A message from a mailbox of its own gets only gateways that may send from that. A route to a gateway
    whose breaker's pause is over is a probe: the caller lets few take it.
    """
    routing = Routing()
    for (wanted, address), indexes in _by_wish(request).items():
        usable = _usable(candidates, wanted, request.pinned)
        if address and usable and sending_as is not None:
            usable = [c for c in usable if sending_as.allows(c.gateway_id, address)]
            if not usable:
                routing.none.append(_no_sender(indexes, address, sending_as))
                continue
        in_use = [c for c in usable if not c.out_of_use and not c.stopped and c.guard_id is None]
        fresh = [c for c in in_use if str(c.gateway_id) not in request.excluded]
        if not usable:
            routing.none.append(_no_route(indexes, wanted))
        elif fresh:
            routing.routes.append(_route(fresh[0], indexes))
        elif in_use:
            routing.routes.append(_route(in_use[0], indexes, now + retry_pause(request.attempt), "retry_pause"))
        else:
            routing.parked.append(_park(indexes, usable, now))
    return routing


def _choose_for_key(sender: Sender, request: RouteRequest, now: float, key: KeyTerms) -> Routing:
    if key.test:  # whatever gateway was requested: none of the account's is used
        routing = choose(
            replace(request, page=replace(request.page, requested={})), sender.candidates, now, sender.sending_as
        )
        code, reason = "no_sandbox_gateway", "the install's sandbox gateway of this channel is disabled or deleted"
    elif key.gateways:
        allowed = [c for c in sender.candidates if str(c.gateway_id) in key.gateways]
        routing = choose(request, allowed, now, sender.sending_as)
        code, reason = "gateway_not_allowed", "its key may send only through gateways of which none can be used here"
    else:
        return choose(request, sender.candidates, now, sender.sending_as)
    return replace(routing, none=[_of_key(none, code, reason) for none in routing.none])


def _of_key(none: NoRoute, code: str, reason: str) -> NoRoute:
    """Why a key has no gateway, unless it is whom the message is from."""
    return none if none.code.startswith("from_") else replace(none, code=code, reason=reason)


def join(routings: Sequence[Routing]) -> Routing:
    """Merge the routings of several accounts: messages with equal routes share one."""
    if len(routings) == 1:
        return routings[0]
    routes: dict[tuple[object, ...], Route] = {}
    for route in (route for routing in routings for route in routing.routes):
        way = (route.gateway_id, route.start_at, route.on_unknown, route.judged_at)
        routes.setdefault(way, replace(route, indexes=[])).indexes.extend(route.indexes)
    parked = [parked for routing in routings for parked in routing.parked]
    return Routing(list(routes.values()), parked, [none for routing in routings for none in routing.none])


def _by_wish(request: RouteRequest) -> dict[tuple[str, str], list[int]]:
    """Messages by the gateway that they request, and the mailbox that they are from ("": that of their gateway)."""
    requested, senders = _by_index(request.page.requested), _by_index(request.page.senders)
    grouped: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in request.indexes:
        grouped[requested.get(index, DEFAULT_GATEWAY), senders.get(index, "")].append(index)
    return grouped


def _by_index(groups: Mapping[str, list[int]]) -> dict[int, str]:
    return {index: name for name, indexes in groups.items() for index in indexes}


def _usable(candidates: Iterable[Candidate], wanted: str, pinned: str) -> list[Candidate]:
    if pinned:
        return [c for c in candidates if str(c.gateway_id) == pinned]
    if wanted == DEFAULT_GATEWAY:
        return list(candidates)
    return [c for c in candidates if c.identifier == wanted][:1]


def _park(indexes: list[int], usable: Sequence[Candidate], now: float) -> Parked:
    """Wait for the breaker that closes first, or, if all gateways are stopped, for the first that is resumed.

    Those that the reputation guard holds are signalled by its pauses.
    """
    broken = [c for c in usable if not c.stopped and c.guard_id is None]
    if guarded := [c for c in usable if c.guard_id is not None and not c.stopped and not broken]:
        return Parked(indexes, now + PAUSED_LOOK, guarded[0].identifier, REPUTATION_GUARD)
    if not broken:
        stopped = [str(c.gateway_id) for c in usable]
        return Parked(indexes, now + PAUSED_LOOK, usable[0].identifier, "gateway_paused", stopped)
    until, _, first = min((c.open_until.timestamp(), i, c) for i, c in enumerate(broken) if c.open_until)
    return Parked(indexes, until, first.identifier)


def _route(candidate: Candidate, indexes: list[int], start_at: float = 0.0, waits_for: str = "") -> Route:
    return Route(
        gateway_id=str(candidate.gateway_id),
        gateway=candidate.identifier,
        version=candidate.version,
        indexes=indexes,
        start_at=start_at,
        waits_for=waits_for,
        per_second=candidate.per_second or 0.0,
        suspect=candidate.failures > 0,
        probe=candidate.open_until is not None,
        on_unknown=candidate.on_unknown,
        warm_ups={str(candidate.warm_up_id): []} if candidate.warm_up_id else {},
        at_home=candidate.at_home,
    )


def _no_sender(indexes: list[int], address: str, sending_as: SendingAs) -> NoRoute:
    if domain_of(address) not in sending_as.verified:
        reason = f"the domain of {address} is not verified for this account, or no longer: see its DNS records"
        return NoRoute(indexes, "from_not_verified", reason)
    return NoRoute(indexes, "from_not_allowed", f"no enabled gateway of this account may send from {address}")


def _no_route(indexes: list[int], wanted: str) -> NoRoute:
    if wanted == DEFAULT_GATEWAY:
        return NoRoute(indexes, "no_gateway", "this account has no enabled gateway for the channel: add or share one")
    return NoRoute(
        indexes, "gateway_not_found", f"no enabled gateway {wanted!r} for this account: check the identifier"
    )

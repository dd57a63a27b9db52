"""Payloads between the page workflow and its activities.

Plain dataclasses, because they pass through the workflow: small, JSON-able, without personal data. The messages'
content is passed beside them as one ``bytes`` value (``page_content.py``) that workflow code never opens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from domain.audience.purposes import of_lane, stored
from domain.lanes import Lane
from domain.limits import PageLimits
from domain.messages.fallback import Awaited
from domain.workflows.search_attributes import Outcome

ADMIN_ACCOUNT = 0
"""The account under which messages of admin keys are counted; outside it shows as ``user_id = null``."""

CONCURRENCY = 64
"""Intents without a recorded outcome that one dispatch may have at a time."""

ANSWER_SECONDS = 120.0
"""The longest wait for a gateway's answer, whatever its own time-outs are."""

RECORD_SECONDS = 30.0
"""Time that a dispatch reserves to record the last outcome and to return."""


@dataclass(frozen=True)
class Route:
    """These messages are sent through this gateway."""

    gateway_id: str
    gateway: str
    version: int
    indexes: list[int]
    start_at: float = 0.0
    """When to start, in Unix seconds by the clock of ``Routing.at`` (0: at once)."""
    waits_for: str = ""
    """Why it may not start at once: ``rate_slot`` or ``retry_pause``."""
    per_second: float = 0.0
    """The gateway's rate (0: no limit)."""
    takes_slots: bool = False
    """Whether the dispatch takes the gateway's rate slots itself, few at a time; else they came with the route."""
    suspect: bool = False
    """Whether failures are recorded, so that a success must clear them."""
    probe: bool = False
    """Whether the breaker's pause is just over: one message goes first as a probe."""
    on_unknown: str = "hold"
    """The gateway's policy if the sender gave none."""
    slot_at: float = 0.0
    """When the first of the rate slots reserved for them begins, in Unix seconds of the database's clock (0: none).
    That is shortly after ``start_at``: only a dispatch that is already waiting is in time for a slot."""
    judged_at: float = 0.0
    """When the account's guards let its messages pass, in Unix seconds of the database's clock (0: it has none)."""
    warm_ups: dict[str, list[int]] = field(default_factory=dict)
    """Warm-ups of which was taken for them: id → indexes."""
    at_home: bool = False
    """Whether only one process of all sends through the gateway (docs/decisions/0060-smpp-at-home.md)."""


@dataclass(frozen=True)
class Turn:
    """The next step of some messages of a page: at ``at`` (Unix seconds; 0: at once) they choose a gateway."""

    at: float = 0.0
    waits_for: str = ""
    gateway: str = ""
    """The gateway waited for, by its identifier."""
    attempt: int = 1
    """Number of the next attempt."""
    strikes: int = 0
    """Attempts so far that count towards the limit."""
    excluded: tuple[str, ...] = ()
    """As in ``RouteRequest``, and so is ``pinned``."""
    pinned: str = ""
    route: Route | None = None
    """A route that was chosen already, with its rate slots reserved; its own indexes are unused."""


@dataclass(frozen=True)
class ChangeRequest:
    """Change one waiting message. The page's query ``answer_to`` returns the result."""

    id: str
    """Unique; the same when the request is repeated."""
    uid: str
    kind: Literal["cancel", "reschedule"]
    at: float = 0.0
    """The new time (Unix seconds) of ``reschedule``."""


@dataclass(frozen=True)
class PageSignal:
    """A received signal that is not processed yet."""

    name: Literal[
        "change",
        "pause",
        "resume",
        "gateway_resumed",
        "account_resumed",
        "switch_gateway",
        "reported",
        "opted_out",
        "ended",
        "devices_reported",
        "withdraw",
    ]
    uids: list[str] = field(default_factory=list)
    gateway: str = ""
    change: ChangeRequest | None = None


@dataclass(frozen=True)
class WithDevices:
    """Messages that wait for a phone of a gateway, or are with one."""

    turn: Turn
    route: Route
    """Its indexes are unused."""
    until: float
    """When no phone may send them any more (Unix seconds)."""
    indexes: list[int]


@dataclass(frozen=True)
class Carried:
    """The state that a run carries over when it continues as new: all messages that are not final."""

    accepted_at: float
    turns: list[tuple[Turn, list[int]]]
    paused: bool = False
    followed: list[tuple[int, float]] = field(default_factory=list)
    """Messages that were sent or failed and may need their fallback: index, and when they are checked again (Unix
    seconds; 0: at once, for the first time)."""
    answers: dict[str, str] = field(default_factory=dict)
    """Results of the latest requested changes, by their ids."""
    signals: list[PageSignal] = field(default_factory=list)
    """Signals that have not been processed."""
    withdrawn: bool = False
    with_devices: list[WithDevices] = field(default_factory=list)


@dataclass(frozen=True)
class KeyTerms:
    """What a key demands of the messages that were sent with it. Most keys demand nothing."""

    id: str
    test: bool = False
    """Whether they only pretend to be sent: they cost nothing, and go through the sandbox gateways."""
    gateways: list[str] = field(default_factory=list)
    """Ids of the only gateways that they may be sent through; empty: any."""


@dataclass(frozen=True)
class Keyed:
    """Messages of a page whose key demands something."""

    key: KeyTerms
    indexes: list[int]


@dataclass(frozen=True)
class Share:
    """Messages of a page that are of one account, and of one key if that demands something."""

    account_id: int
    key: KeyTerms | None
    indexes: list[int]


@dataclass(frozen=True)
class PageHeader:
    """A page, without its content."""

    page_id: str
    account_id: int
    channel: str
    size: int
    due: list[float] = field(default_factory=list)
    """When each message is due, in Unix seconds (0: at once). Empty: all at once."""
    requested: dict[str, list[int]] = field(default_factory=dict)
    """Messages that request a gateway: identifier → indexes."""
    carried: Carried | None = None
    """State carried over from an earlier run of the page; ``None`` in its first run."""
    accounts: list[int] = field(default_factory=list)
    """The account of each message, if several share the page; empty: all are ``account_id``'s."""
    lane: str = Lane.TRANSACTIONAL.value
    stored: bool = False
    """Whether content and messages are stored already, instead of passed beside the header."""
    exempt: bool = False
    """Whether the messages are sent despite an opt-out, such as its confirmation."""
    awaited: list[Awaited] = field(default_factory=list)
    """Messages with a fallback."""
    limits: PageLimits | None = None
    """The limits that the page was started with; ``None``: it was started before pages carried them."""
    keyed: list[Keyed] = field(default_factory=list)
    """Messages whose keys demand something."""
    senders: dict[str, list[int]] = field(default_factory=dict)
    """Emails that are from a mailbox of their own: mailbox → indexes. All others are from that of their gateway."""

    purposes: dict[str, list[int]] = field(default_factory=dict)
    """Messages for another purpose than that of their lane: purpose → indexes."""

    templates: dict[str, list[int]] = field(default_factory=dict)
    """Messages that were made from templates: id of the version → indexes."""

    @property
    def is_transactional(self) -> bool:
        """Whether all of its messages surely are, without a look at what is stored."""
        return self.lane == Lane.TRANSACTIONAL and not self.purposes and not self.stored

    def purposes_of(self, indexes: Iterable[int]) -> list[str | None]:
        """What each of these messages is for; ``None``: it is transactional."""
        named = {index: purpose for purpose, places in self.purposes.items() for index in places}
        usual = of_lane(self.lane)
        return [stored(named.get(index, usual)) for index in indexes]

    def account_of(self, index: int) -> int:
        """The account of a message."""
        return self.accounts[index] if self.accounts else self.account_id

    def by_account(self, indexes: Iterable[int]) -> dict[int, list[int]]:
        """Messages of the page by account."""
        found: dict[int, list[int]] = {}
        for index in indexes:
            found.setdefault(self.account_of(index), []).append(index)
        return found

    def shares(self, indexes: Iterable[int]) -> list[Share]:
        """Messages of the page by account, and by key where that demands something."""
        if not self.keyed:
            return [Share(account_id, None, own) for account_id, own in self.by_account(indexes).items()]
        keys = {index: keyed.key for keyed in self.keyed for index in keyed.indexes}
        found: dict[tuple[int, str], Share] = {}
        for index in indexes:
            account_id, key = self.account_of(index), keys.get(index)
            place = account_id, key.id if key else ""
            if place not in found:
                found[place] = Share(account_id, key, [])
            found[place].indexes.append(index)
        return list(found.values())

    def is_test(self, index: int) -> bool:
        """Whether a message only pretends to be sent."""
        return any(keyed.key.test and index in keyed.indexes for keyed in self.keyed)

    def brief(self) -> "PageHeader":
        """The header without its data about single messages."""
        return PageHeader(
            self.page_id,
            self.account_id,
            self.channel,
            self.size,
            lane=self.lane,
            stored=self.stored,
            exempt=self.exempt,
            purposes=self.purposes,
            accounts=self.accounts if self.senders else [],  # whose they are decides what they may be from
        )


@dataclass(frozen=True)
class RouteRequest:
    """Request routes for some messages of a page."""

    page: PageHeader
    indexes: list[int]
    attempt: int
    excluded: list[str] = field(default_factory=list)
    """Ids of gateways that earlier attempts found down."""
    pinned: str = ""
    """Id of the only gateway that may be used: a resend is safe only through the gateway of the first attempt."""


OPERATORS_DECIDE = frozenset({"gateway_paused", "account_suspended", "sending_paused", "reputation_guard"})
"""Waits that an operator started and will end: messages do not expire during them."""

GUARDS_DECIDE = frozenset({"quiet_hours", "frequency_cap", "warm_up"})
"""Waits that guards of the account and warm-ups impose, with an end: messages do not expire during them either."""


@dataclass(frozen=True)
class Parked:
    """No route now: every possible gateway is out of use. Request again at ``until`` (Unix seconds)."""

    indexes: list[int]
    until: float
    gateway: str
    waits_for: str = "gateway_breaker"
    """Or one of ``OPERATORS_DECIDE``."""
    stopped: list[str] = field(default_factory=list)
    """Ids of the gateways that are waited for in that case: any of them suffices."""


@dataclass(frozen=True)
class NoRoute:
    """No route at all."""

    indexes: list[int]
    code: str
    reason: str
    state: str = "failed"
    """How the messages end; ``cancelled`` if the reason is not a missing gateway."""


@dataclass(frozen=True)
class Routing:
    """The answer to a ``RouteRequest``: every requested index is in exactly one entry."""

    routes: list[Route] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    none: list[NoRoute] = field(default_factory=list)
    at: float = 0.0
    """When this was decided, by the clock of all times in it (Unix seconds)."""


@dataclass(frozen=True)
class DispatchRequest:
    """Send these messages through the route's gateway."""

    page: PageHeader
    """As ``PageHeader.brief`` returns it."""
    route: Route
    attempt: int
    at_once: bool = False
    """Whether nothing but our own work came before it: no schedule, no gateway, no earlier try, no batch."""


RetryKind = Literal["gateway_down", "held_back", "not_started", "retry_later", "resend", "with_device"]


@dataclass(frozen=True)
class Retry:
    """Messages to retry.

    ``gateway_down`` and ``retry_later`` were not accepted, ``resend`` may be sent twice by policy; ``held_back``
    (because the gateway fails) and ``not_started`` (because the worker stops, the dispatch has no time left, the rate
    slots have passed, or the account is not active) were not tried at all. ``with_device`` ones wait for a phone of the
    gateway or are with one: their outcome follows, and nothing is retried before.
    """

    kind: RetryKind
    indexes: list[int]
    after: float = 0.0
    """Seconds to wait, if the gateway requested it; of ``with_device`` ones, how long they may be sent."""
    reason: str = ""


@dataclass(frozen=True)
class DispatchResult:
    """Messages to retry after a dispatch; all others have their outcome in the database."""

    again: list[Retry] = field(default_factory=list)
    at: float = 0.0
    """When the dispatch ended, by Temporal's clock (Unix seconds)."""
    outcome: Outcome = ""
    """The worst of the others that went badly, as far as this dispatch saw them."""


@dataclass(frozen=True)
class SentAtOnce:
    """What came of sending a page at once."""

    refused: list[int]
    """Indexes of messages that were refused, or cancelled before."""
    routing: Routing = field(default_factory=Routing)
    """For all others."""
    ended: list[DispatchResult | None] = field(default_factory=list)
    """For each of its routes; ``None``: it needs a dispatch, which finds out what was done. Empty: none was sent."""
    endpoints: list[str] = field(default_factory=list)
    """Endpoints of customers that are to be notified."""


@dataclass(frozen=True)
class Ending:
    """A final state not decided by a gateway, for some messages of a page."""

    indexes: list[int]
    state: str
    code: str
    reason: str


@dataclass(frozen=True)
class RecordRequest:
    """Write final states, if any, then settle the credits of the page's final messages."""

    page_id: str
    endings: list[Ending] = field(default_factory=list)
    lost_attempt: int = 0
    """Not 0: the dispatch of ``lost`` timed out; intents of this attempt without outcome become ``unknown``."""
    lost: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LiveStatus:
    """The workflow's view of a message that is not final: above all, why it waits."""

    account_id: int
    state: str
    waits_for: str = ""
    """``schedule``, ``rate_slot``, ``retry_pause``, ``gateway_breaker``, ``gateway_paused``, ``account_suspended``,
    ``gateway_answer``, ``device``, ``fallback``; empty: nothing.

    Without the workflow's answer: ``worker`` (none has started it), ``batch`` (its page was not started).
    """
    until: float = 0.0
    """Unix seconds, if the wait has a known end."""
    gateway: str = ""
    attempt: int = 0
    test: bool = False
    """Whether it only pretends to be sent. Workflows do not say so: the record does, or the page's start."""


@dataclass(frozen=True)
class RescheduleRequest:
    """Move one waiting message to another time (Unix seconds)."""

    uid: str
    at: float

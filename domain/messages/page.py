"""What the workflow of a page and its activities say to each other.

Plain dataclasses, because they pass through the workflow: small, JSON-able, without personal data. What the messages
say travels beside them as one ``bytes`` value (``page_content.py``) that workflow code never opens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from domain.lanes import Lane
from domain.limits import PageLimits
from domain.messages.fallback import Awaited, NextKind

ADMIN_ACCOUNT = 0
"""The account under which messages of admin keys are counted; outside it shows as ``user_id = null``."""

CONCURRENCY = 64
"""Intents without a recorded outcome that one dispatch may have at a time."""

ANSWER_SECONDS = 120.0
"""No gateway is waited for longer, whatever its own time-outs are."""

RECORD_SECONDS = 30.0
"""What a dispatch keeps of its time to write down the last outcome and to come back."""


@dataclass(frozen=True)
class Route:
    """A way out: these messages go through this gateway."""

    gateway_id: str
    gateway: str
    version: int
    indexes: list[int]
    start_at: float = 0.0
    """When to begin with them, in Unix seconds by the clock of ``Routing.at`` (0: at once)."""
    waits_for: str = ""
    """Why it may not leave at once: ``rate_slot`` or ``retry_pause``."""
    per_second: float = 0.0
    """How fast they may follow each other (0: no limit)."""
    takes_slots: bool = False
    """Whether the dispatch takes the gateway's rate slots itself, few at a time; else they came with the choice."""
    suspect: bool = False
    """Whether failures are on record, so that a success must clear them."""
    probe: bool = False
    """Whether the breaker's pause is just over: one message goes first and shows whether the gateway works again."""
    on_unknown: str = "hold"
    """The gateway's policy where the sender stated none."""
    slot_at: float = 0.0
    """When the first of the rate slots reserved for them begins, in Unix seconds of the database's clock (0: none).
    That is shortly after ``start_at``: nothing but a dispatch that waits is in time for a slot."""


@dataclass(frozen=True)
class Turn:
    """What is next for some messages of a page: at ``at`` (Unix seconds; 0: at once) they look for a way out."""

    at: float = 0.0
    waits_for: str = ""
    gateway: str = ""
    """The gateway waited for, by its identifier."""
    attempt: int = 1
    """Number of the next try."""
    strikes: int = 0
    """Tries so far that count towards the most a message gets."""
    excluded: tuple[str, ...] = ()
    """As in ``RouteRequest``, and so is ``pinned``."""
    pinned: str = ""
    route: Route | None = None
    """A way out that was chosen already, with its rate slots reserved; its own indexes mean nothing."""


@dataclass(frozen=True)
class ChangeRequest:
    """Change one message that still waits. What became of it, the page's query ``answer_to`` tells."""

    id: str
    """Unique; the same when it is asked again."""
    uid: str
    kind: Literal["cancel", "reschedule"]
    at: float = 0.0
    """The new time (Unix seconds) of ``reschedule``."""


@dataclass(frozen=True)
class PageSignal:
    """What a page was told by a signal, on its way to being acted on."""

    name: Literal[
        "change",
        "pause",
        "resume",
        "gateway_resumed",
        "account_resumed",
        "switch_gateway",
        "reported",
        "opted_out",
        "withdraw",
    ]
    uids: list[str] = field(default_factory=list)
    gateway: str = ""
    change: ChangeRequest | None = None


@dataclass(frozen=True)
class Carried:
    """What a run with a long history hands to the next run of the same page: all messages without an ending."""

    accepted_at: float
    turns: list[tuple[Turn, list[int]]]
    paused: bool = False
    followed: list[tuple[int, float]] = field(default_factory=list)
    """Messages that have left or failed and may need their fallback: index, and when they are looked at again (Unix
    seconds; 0: at once, for the first time)."""
    answers: dict[str, str] = field(default_factory=dict)
    """What became of the latest changes that were asked for, by their ids."""
    signals: list[PageSignal] = field(default_factory=list)
    """Those that have not been acted on."""
    withdrawn: bool = False


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
    """Messages that named a gateway: identifier → indexes."""
    carried: Carried | None = None
    """What an earlier run of the page handed on; ``None`` in its first run."""
    accounts: list[int] = field(default_factory=list)
    """Whose each message is, where several accounts share the page; empty: all are ``account_id``'s."""
    lane: str = Lane.TRANSACTIONAL.value
    stored: bool = False
    """Whether the content lies in the store, with the messages in the record already, instead of beside the header."""
    exempt: bool = False
    """Whether the messages may go to who wants no more of them: the confirmation of just that."""
    awaited: list[Awaited] = field(default_factory=list)
    """Messages with a fallback."""
    limits: PageLimits | None = None
    """What the page was started with; ``None``: it was started before pages carried their limits."""

    def account_of(self, index: int) -> int:
        """Whose a message is."""
        return self.accounts[index] if self.accounts else self.account_id

    def by_account(self, indexes: Iterable[int]) -> dict[int, list[int]]:
        """Messages of the page by whose they are."""
        found: dict[int, list[int]] = {}
        for index in indexes:
            found.setdefault(self.account_of(index), []).append(index)
        return found

    def brief(self) -> "PageHeader":
        """The header without what it says of single messages."""
        return PageHeader(
            self.page_id,
            self.account_id,
            self.channel,
            self.size,
            lane=self.lane,
            stored=self.stored,
            exempt=self.exempt,
        )


@dataclass(frozen=True)
class RouteRequest:
    """Ask for ways out for some messages of a page."""

    page: PageHeader
    indexes: list[int]
    attempt: int
    excluded: list[str] = field(default_factory=list)
    """Ids of gateways that were found down on the way here."""
    pinned: str = ""
    """Id of the only gateway that may be used: a resend is safe only where the first try went."""


OPERATORS_DECIDE = frozenset({"gateway_paused", "account_suspended"})
"""Waits that an operator began and will end: a message does not expire meanwhile."""


@dataclass(frozen=True)
class Parked:
    """No way out now: every gateway in question is out of use. Ask again at ``until`` (Unix seconds)."""

    indexes: list[int]
    until: float
    gateway: str
    waits_for: str = "gateway_breaker"
    """Or one of ``OPERATORS_DECIDE``."""
    stopped: list[str] = field(default_factory=list)
    """Ids of the gateways that are waited for in that case: any will do."""


@dataclass(frozen=True)
class NoRoute:
    """No way out at all."""

    indexes: list[int]
    code: str
    reason: str
    state: str = "failed"
    """How the messages end; or ``cancelled``, where it is not for want of a gateway."""


@dataclass(frozen=True)
class Routing:
    """The answer to a ``RouteRequest``: every index asked for is in exactly one entry."""

    routes: list[Route] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    none: list[NoRoute] = field(default_factory=list)
    at: float = 0.0
    """When this was found, by the clock that the times in it are of (Unix seconds)."""


@dataclass(frozen=True)
class DispatchRequest:
    """Hand these messages to the route's gateway."""

    page: PageHeader
    """A brief one."""
    route: Route
    attempt: int
    at_once: bool = False
    """Whether nothing but our own work came before it: no schedule, no gateway, no earlier try, no batch."""


RetryKind = Literal["gateway_down", "held_back", "not_started", "retry_later", "resend"]


@dataclass(frozen=True)
class Retry:
    """Messages that want another round.

    ``gateway_down`` and ``retry_later`` were surely not taken, ``resend`` may be sent twice by policy; ``held_back``
    (because the gateway fails) and ``not_started`` (because the worker stops, the dispatch has no time left, the rate
    slots have passed, or the account is not active) were not tried at all.
    """

    kind: RetryKind
    indexes: list[int]
    after: float = 0.0
    """Seconds to wait, where the gateway said so."""
    reason: str = ""


@dataclass(frozen=True)
class DispatchResult:
    """What is left to do after a dispatch; all other messages have their outcome in the record."""

    again: list[Retry] = field(default_factory=list)
    at: float = 0.0
    """When the dispatch ended, by Temporal's clock (Unix seconds)."""


@dataclass(frozen=True)
class Ending:
    """A final state that no gateway decided, for some messages of a page."""

    indexes: list[int]
    state: str
    code: str
    reason: str


@dataclass(frozen=True)
class RecordRequest:
    """Write endings, if any, then settle the credits of whatever in the page is final."""

    page_id: str
    endings: list[Ending] = field(default_factory=list)
    lost_attempt: int = 0
    """Not 0: the dispatch of ``lost`` was given up; intents of this attempt without outcome become ``unknown``."""
    lost: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LiveStatus:
    """What the workflow knows of a message that is not final: above all, why it waits."""

    account_id: int
    state: str
    waits_for: str = ""
    """``schedule``, ``rate_slot``, ``retry_pause``, ``gateway_breaker``, ``gateway_paused``, ``account_suspended``,
    ``gateway_answer``, ``fallback``; empty: nothing.

    Without the workflow's word: ``worker`` (none has begun with it), ``batch`` (that has not come to it).
    """
    until: float = 0.0
    """Unix seconds, where the wait has a known end."""
    gateway: str = ""
    attempt: int = 0


@dataclass(frozen=True)
class RescheduleRequest:
    """Move one waiting message to another time (Unix seconds)."""

    uid: str
    at: float


@dataclass(frozen=True)
class FollowUp:
    """Look at what has become of messages with a fallback, and send that of those which need it."""

    page: PageHeader
    """A brief one."""
    looks: list[tuple[int, bool]]
    """Indexes, each with whether the message's time to arrive is over."""
    queue: str
    """The task queue of the pages in which fallbacks are sent, and their priority."""
    priority: int


@dataclass(frozen=True)
class FollowedUp:
    """What came of a ``FollowUp``: all other messages are done with."""

    waiting: list[int] = field(default_factory=list)
    """Messages that may still arrive."""
    at: float = 0.0
    """When they were looked at, by Temporal's clock (Unix seconds)."""


@dataclass(frozen=True)
class NextStep:
    """What the workflow is to do; the page, and its content as JSON text, only where one is to be sent.

    Of pages that were started before they carried their limits; since then ``FollowUp`` does it.
    """

    kind: NextKind
    page: PageHeader | None = None
    content: str = ""

"""Events from providers: receipts of messages, and inbound messages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import orjson

from domain.messages.page import PageHeader
from domain.messages.statuses import State


class ReceiptKind(StrEnum):
    """What a receipt reports. The first group are states of the message, the second are actions of people."""

    SENT = "sent"
    """The provider accepted it, or passed it on."""
    DEFERRED = "deferred"
    """The provider continues to try."""
    DELIVERED = "delivered"
    READ = "read"
    REJECTED = "rejected"
    """The provider, or a policy of it, refused it; it was never sent."""
    BOUNCED = "bounced"
    """The address does not work, for this mail or any other: it will be suppressed. A soft bounce is ``UNDELIVERED``,
    or ``DEFERRED`` while the provider continues to try."""
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    FAILED = "failed"
    """The provider could not make or process the message."""
    CANCELLED = "cancelled"

    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    AUTORESPONDED = "autoresponded"

    @property
    def state(self) -> State | None:
        """The state that the receipt reports; ``None``: it reports an action."""
        return _STATES.get(self)


_STATES = {kind: State(kind.value) for kind in ReceiptKind if kind.value in set(State)}

CALLBACK_KINDS = frozenset({ReceiptKind.OPENED, ReceiptKind.CLICKED, ReceiptKind.COMPLAINED, ReceiptKind.UNSUBSCRIBED})
"""Actions of people that are reported by callbacks."""

OPTED_OUT = "opted_out"
"""Code of failures because the recipient has opted out."""
MARKETING_OPTED_OUT = "marketing_opted_out"
"""Code of failures because the recipient has opted out of marketing only."""

_SUPPRESSING = {
    ReceiptKind.BOUNCED: "bounced",
    ReceiptKind.COMPLAINED: "complained",
    ReceiptKind.UNSUBSCRIBED: "unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event of one message, identified by ``uid`` or ``provider_id``."""

    kind: ReceiptKind
    key: str
    """The event's own id, as the provider repeats it when it posts the event again. At most one event of a message
    has it."""
    at: float
    """When it happened, in Unix seconds by the provider's clock."""
    uid: str | None = None
    """Our reference, if the provider returns it."""
    provider_id: str | None = None
    """As in the ``Accepted`` of the message."""
    code: str | None = None
    """Why, for programs: our own code (``opted_out``) or the provider's, prefixed with its name (``twilio_30005``).
    """
    reason: str | None = None
    """Why, as the provider states it."""
    url: str | None = None
    """What was clicked."""
    recipient: str | None = None
    """The mailbox that it is about, as ``normalise_email`` writes it; ``None``: the provider does not state it."""
    recipient_id: str | None = None
    """The provider's id of the recipient, if it has one besides the number."""

    @property
    def suppression(self) -> str | None:
        """Why to suppress the recipient on this channel; ``None``: no reason."""
        return OPTED_OUT if self.code == OPTED_OUT else _SUPPRESSING.get(self.kind)


MAX_INBOUND_TEXT = 10_000
"""Characters of an inbound message that are stored and processed: more than any phone or WhatsApp Business sends."""
MAX_INBOUND_CONTENT = 16_000
"""Characters of the JSON text with its other contents."""
_TOO_LONG = '{"truncated":true}'
_MAX_MEDIA = 20
_MAX_NAME = 320
"""Characters of names, ids and addresses: an email address has at most this many."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """An inbound message. Values that are longer than any genuine one are cut."""

    key: str
    """The provider's id of it."""
    at: float
    """When it was sent, in Unix seconds."""
    sender: str
    """An E.164 number with ``+``, or a mailbox; or ``sender_id``, if the provider hides the number."""
    recipient: str
    """Our number or address, as the provider writes it."""
    body: str = ""
    media: tuple[str, ...] = ()
    """Addresses of attached files, or the provider's ids of them."""
    name: str | None = None
    """The sender's display name."""
    answers: str | None = None
    """The provider's id of the message of ours that this one answers."""
    says: str | None = None
    """The keyword that the provider recognised (a ``Keyword``); ``None``: none."""
    kind: str | None = None
    """``location``, ``reaction`` …, or the provider's name of a type that we do not know; ``None``: a text."""
    content: str | None = None
    """Its contents besides the text, as JSON text, so that events are hashable."""
    sender_id: str | None = None
    """The provider's id of the person, if it has one besides the number."""
    marketing: Literal["stop", "resume"] | None = None
    """The person's choice for marketing messages only, as the provider reports it."""

    def __post_init__(self) -> None:
        """Cut values that are too long, before they are processed."""
        for name in ("key", "sender", "recipient", "name", "answers", "kind", "sender_id"):
            value = getattr(self, name)
            if value is not None and len(value) > _MAX_NAME:
                object.__setattr__(self, name, value[:_MAX_NAME])
        if len(self.body) > MAX_INBOUND_TEXT:
            object.__setattr__(self, "body", self.body[:MAX_INBOUND_TEXT])
        if len(self.media) > _MAX_MEDIA:
            object.__setattr__(self, "media", self.media[:_MAX_MEDIA])
        if self.content is not None and len(self.content) > MAX_INBOUND_CONTENT:
            object.__setattr__(self, "content", _TOO_LONG)


Event = Receipt | Inbound
"""Events that a provider's webhook can deliver."""


@dataclass(frozen=True)
class Share:
    """Some of the events of a shared start, which follow those of the shares before it."""

    gateways: list[str]
    """As in ``ReceiptsSource``."""
    events: int
    """How many."""


@dataclass(frozen=True)
class ReceiptsSource:
    """The source of events."""

    channel: str
    """Of inbound messages; empty in a shared start."""
    gateways: list[str]
    """Ids of the gateways whose secret the post was signed with: only their messages are affected. Empty in a shared
    start."""
    inbound: bool = False
    """Whether there are inbound messages among the events."""
    pauses: tuple[float, ...] = (1.0, 10.0, 120.0, 1800.0)
    """Seconds between tries to find the message of a receipt: a provider can report before its answer is recorded.
    Running workflows were started with these: pass others when starting one, and keep the default."""
    shares: list[Share] = field(default_factory=list)
    """Of a shared start: which events came with which gateways' secret. Empty: it carries one post."""
    at_a_time: int | None = None
    """Events that one activity applies, in one transaction; ``None``: all, as releases before shared starts did."""


@dataclass(frozen=True)
class Applied:
    """The result of applying events."""

    unmatched: list[int] = field(default_factory=list)
    """Indexes of those whose message is not known, or not known yet."""
    awaited: dict[str, list[str]] = field(default_factory=dict)
    """Messages that changed and that a workflow waits for, by their pages."""
    endpoints: list[str] = field(default_factory=list)
    """Customers' endpoints to wake."""
    rest: list[int] = field(default_factory=list)
    """Indexes of those that are still to be applied."""


@dataclass(frozen=True)
class Reply:
    """A reply to an inbound message."""

    page: PageHeader
    content: str
    """The page's content, which is JSON text."""


@dataclass(frozen=True)
class Position:
    """How far a post's inbound messages have been processed: the result of one activity is bounded."""

    event: int
    """Index of the next event."""
    after: str | None = None
    """Uid of the last message that this event's opt-out withdrew, if there may be more of them."""


@dataclass(frozen=True)
class InboundResult:
    """The result of processing inbound messages."""

    withdrawn: dict[str, list[str]] = field(default_factory=dict)
    """Messages that must not be sent any more, by the pages in which they wait."""
    replies: list[Reply] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    """Customers' endpoints to wake."""
    rest: "Position | None" = None
    """Where to continue; ``None``: all is done."""


def encode_events(events: Sequence[Event]) -> bytes:
    """Encode events for a workflow, which does not open them. Empty fields are left out: a worker of the
    previous release does not know every field."""
    return orjson.dumps([[type(event).__name__, _filled(event)] for event in events])


def join_events(encoded: Iterable[bytes]) -> bytes:
    """What ``encode_events`` writes for the events of all of these, in their order."""
    return b"[" + b",".join(one[1:-1] for one in encoded) + b"]"


def _filled(event: Event) -> dict[str, Any]:
    return {name: value for name in event.__slots__ if (value := getattr(event, name)) is not None}


def decode_events(raw: bytes) -> list[Event]:
    """Read what ``encode_events`` wrote."""
    return [_KINDS_OF_EVENT[name](fields) for name, fields in orjson.loads(raw)]


def _receipt(fields: dict[str, Any]) -> Receipt:
    return Receipt(**{**fields, "kind": ReceiptKind(fields["kind"])})


def _inbound(fields: dict[str, Any]) -> Inbound:
    return Inbound(**{**fields, "media": tuple(fields["media"])})


_KINDS_OF_EVENT: dict[str, Callable[[dict[str, Any]], Event]] = {"Receipt": _receipt, "Inbound": _inbound}

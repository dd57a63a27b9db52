"""What comes back from providers: receipts of messages, and messages from people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import orjson

from domain.messages.page import PageHeader
from domain.messages.statuses import State


class ReceiptKind(StrEnum):
    """What a receipt says. The first group are states of the message, the second what people did with it."""

    SENT = "sent"
    """The provider took it, or passed it on."""
    DEFERRED = "deferred"
    """The provider goes on trying."""
    DELIVERED = "delivered"
    READ = "read"
    REJECTED = "rejected"
    """The provider, or a policy of its, refused it; it never left."""
    BOUNCED = "bounced"
    """The address does not work, for this mail or any other: it will be suppressed. A soft bounce is ``UNDELIVERED``,
    or ``DEFERRED`` while the provider goes on trying."""
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
        """The state that the receipt reports; ``None``: it reports what somebody did."""
        return _STATES.get(self)


_STATES = {kind: State(kind.value) for kind in ReceiptKind if kind.value in set(State)}

TOLD = frozenset({ReceiptKind.OPENED, ReceiptKind.CLICKED, ReceiptKind.COMPLAINED, ReceiptKind.UNSUBSCRIBED})
"""What people did that customers are told of."""

OPTED_OUT = "opted_out"
"""The code of whatever failed because the recipient wants no more messages."""
MARKETING_OPTED_OUT = "marketing_opted_out"
"""The code of whatever failed because the recipient wants no more marketing; other messages are welcome."""

_SUPPRESSING = {
    ReceiptKind.BOUNCED: "bounced",
    ReceiptKind.COMPLAINED: "complained",
    ReceiptKind.UNSUBSCRIBED: "unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event of one message. Either ``uid`` or ``provider_id`` tells which."""

    kind: ReceiptKind
    key: str
    """The event's own id, as the provider repeats it when it posts the event again. At most one event of a message
    has it."""
    at: float
    """When it happened, in Unix seconds by the provider's clock."""
    uid: str | None = None
    """Our reference, where the provider gives it back."""
    provider_id: str | None = None
    """As in the ``Accepted`` with which the gateway took the message."""
    code: str | None = None
    """Why, for programs: our own word (``opted_out``) or the provider's code with its name in front (``twilio_30005``).
    """
    reason: str | None = None
    """Why, in the provider's words."""
    url: str | None = None
    """What was clicked."""
    recipient: str | None = None
    """The mailbox that it is about, as ``normalise_email`` writes it; ``None``: the provider does not say."""
    recipient_id: str | None = None
    """The provider's own id of the person that the message went to, where it has one besides the number."""

    @property
    def suppression(self) -> str | None:
        """Why the recipient shall get no more on this channel; ``None``: no reason."""
        return OPTED_OUT if self.code == OPTED_OUT else _SUPPRESSING.get(self.kind)


MAX_INBOUND_TEXT = 10_000
"""Characters of a message from a person that are kept and looked at: more than any phone or WhatsApp Business sends."""
MAX_INBOUND_CONTENT = 16_000
"""Characters of the JSON text that says what else such a message holds."""
_TOO_LONG = '{"truncated":true}'
_MAX_MEDIA = 20
_MAX_NAME = 320
"""Characters of whatever names somebody or something: an email address has at most so many."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from a person. Whatever a provider posts, what is longer than it can be is cut."""

    key: str
    """The provider's id of it."""
    at: float
    """When it was sent, in Unix seconds."""
    sender: str
    """An E.164 number with ``+``, or a mailbox; or ``sender_id``, where the provider hides the number."""
    recipient: str
    """Our number or address, as the provider writes it."""
    body: str = ""
    media: tuple[str, ...] = ()
    """Addresses of attached files, or the provider's ids of them."""
    name: str | None = None
    """What the sender calls himself."""
    answers: str | None = None
    """The provider's id of the message of ours that this one answers."""
    says: str | None = None
    """What it means by the provider's word (a ``Keyword``); ``None``: he does not say."""
    kind: str | None = None
    """``location``, ``reaction`` …, or the provider's own word for what we do not know; ``None``: a text."""
    content: str | None = None
    """What it holds besides the text, as a JSON object: events must be comparable by their hash."""
    sender_id: str | None = None
    """The provider's own id of the person, where it has one besides the number."""
    marketing: Literal["stop", "resume"] | None = None
    """What the person chose for marketing messages alone, by the provider's word."""

    def __post_init__(self) -> None:
        """Cut what is too long, before anything goes through it."""
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
"""What a provider's webhook can bring."""


@dataclass(frozen=True)
class ReceiptsSource:
    """Where events came from."""

    channel: str
    gateways: list[str]
    """Ids of the gateways whose secret the post was signed with: only their messages are meant."""
    inbound: bool = False
    """Whether there are messages from people among the events."""
    pauses: tuple[float, ...] = (1.0, 10.0, 120.0, 1800.0)
    """Seconds between tries to find the message of a receipt: a provider can report before its answer is recorded.
    Posts under way were started with these: state others where one is started, and leave the default."""


@dataclass(frozen=True)
class Applied:
    """What became of events."""

    unmatched: list[int] = field(default_factory=list)
    """Places of those whose message is not known, or not known yet."""
    awaited: dict[str, list[str]] = field(default_factory=dict)
    """Messages that moved and that a workflow waits for, by their pages."""
    endpoints: list[str] = field(default_factory=list)
    """Customers' endpoints to wake."""


@dataclass(frozen=True)
class Reply:
    """A message of ours that answers one from a person."""

    page: PageHeader
    content: str
    """The page's content, which is JSON text."""


@dataclass(frozen=True)
class Position:
    """How far a post's messages from people have been acted on: one answer of an activity has a bound."""

    event: int
    """Place of the next event."""
    after: str | None = None
    """Uid of the last message that this event's STOP withdrew, if there may be more of them."""


@dataclass(frozen=True)
class InboundResult:
    """What messages from people lead to."""

    withdrawn: dict[str, list[str]] = field(default_factory=dict)
    """Messages that shall not leave any more, by the pages in which they wait."""
    replies: list[Reply] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    """Customers' endpoints to wake."""
    rest: "Position | None" = None
    """Where to go on; ``None``: all is done."""


def encode_events(events: Sequence[Event]) -> bytes:
    """Events on their way through a workflow, which does not open them. What is not there is left out: a worker of the
    release before does not know every field."""
    return orjson.dumps([[type(event).__name__, _filled(event)] for event in events])


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

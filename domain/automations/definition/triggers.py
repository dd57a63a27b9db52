"""What begins a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import ClassVar, Literal

from domain.audience.conditions.tree import Condition, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What all triggers have."""

    kind: ClassVar[str]


BodyPlace = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class BodyMap:
    """Where values stand in what a webhook gets: JSON pointers (RFC 6901), or paths with dots.

    ``/answers/[type=email]/email`` goes through the first object of a list that has this text. Of several places the
    first counts that has a value.
    """

    email: BodyPlace | None = None
    phone: BodyPlace | None = None
    whatsapp: BodyPlace | None = None
    external_id: BodyPlace | None = None
    fields: Mapping[str, BodyPlace] = field(default_factory=dict)
    """By the contact's field."""
    event: Mapping[str, BodyPlace] = field(default_factory=dict)
    """By the name that it gets in ``event``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Trigger):
    """A POST to a hook of the account."""

    kind: ClassVar[str] = "webhook"
    hook: str
    map: BodyMap | None = None
    """``None``: the hook's own, or the names that requests to send use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnEvent(Trigger):
    """An event of the contact."""

    kind: ClassVar[str] = "event"
    event: str
    match: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead(Trigger):
    """A lead from one of these sources; none named: from any."""

    kind: ClassVar[str] = "lead"
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnMessage(Trigger):
    """What a provider reported of a message to the contact."""

    kind: ClassVar[str] = "message"
    event: str
    channel: str | None = None
    match: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound(Trigger):
    """A message from the contact: one of these keywords; none named: any text."""

    kind: ClassVar[str] = "inbound"
    channel: str | None = None
    keywords: tuple[str, ...] = ()
    gateway: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTag(Trigger):
    """A tag that the contact gets, or loses."""

    kind: ClassVar[str] = "tag"
    name: str
    on: Literal["added", "removed"] = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGroup(Trigger):
    """A group that the contact comes into, or leaves."""

    kind: ClassVar[str] = "group"
    name: str
    on: Literal["added", "removed"] = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnField(Trigger):
    """A change of a field of the contact; ``None``: from or to any value."""

    kind: ClassVar[str] = "field"
    field: str
    from_: Scalar | None = None
    to: Scalar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDate(Trigger):
    """A date in a field of the contact."""

    kind: ClassVar[str] = "date"
    field: str
    offset: str | None = None
    """``-2d``: two days before."""
    at: time | None = None
    """The time of the day; ``None``: the field's own, or 09:00."""
    yearly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Trigger):
    """Times, at each of which all contacts of an audience enter."""

    kind: ClassVar[str] = "schedule"
    cron: str
    audience: Condition
    timezone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(Trigger):
    """By hand, or by the API."""

    kind: ClassVar[str] = "manual"

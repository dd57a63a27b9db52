"""Messages that phones send, as the doors of phones and the rules behind them pass them on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Status = Literal["accepted", "sent", "delivered", "failed", "cancelled"]
"""What a phone can say of a message: it has it, the radio took it, the recipient has it, it was not sent, or it was
taken back before it was sent."""


@dataclass(frozen=True, slots=True)
class Session:
    """A device that has shown its session token."""

    device_id: UUID
    gateway_id: UUID
    account_id: int
    protocol: str
    name: str
    digest: bytes
    """SHA-256 of the token: with another one than the device has by now it gets nothing more."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A message as a phone gets it. The same one may be offered again: a phone that knows it reports its state."""

    uid: UUID
    attempt: int
    sim: str
    slot: int
    recipient: str
    """E.164."""
    body: str
    parts: int
    is_unicode: bool
    priority: int
    """Lower first; below 0: transactional."""
    created_at: datetime
    valid_until: datetime
    """When it must not be sent any more."""
    handed_at: datetime
    offers: int
    """1: for the first time."""
    is_cancelling: bool
    """Whether the phone is to give it back, unless it has begun."""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What devices get now."""

    offers: Mapping[UUID, Sequence[Offer]] = field(default_factory=dict)
    """By device."""
    wait: float = 0.0
    """Seconds after which it may help to ask again, without another message having come: gaps of SIMs end."""
    ended: frozenset[UUID] = frozenset()
    """Devices whose session is over."""
    rests: Mapping[UUID, float] = field(default_factory=dict)
    """Seconds until a SIM of a device may send again; left out: one may now, or nothing waits."""
    full: frozenset[UUID] = frozenset()
    """Devices with a SIM that is to report some messages before it gets others."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says of a message, or of a part of it."""

    uid: UUID
    attempt: int | None
    """``None``: its protocol has none; the newest attempt that the device has is meant."""
    status: Status
    code: str | None = None
    """Android's name of a fault (``RESULT_ERROR_NO_SERVICE``), if it says one."""
    reason: str | None = None
    at: datetime | None = None
    """By the phone's clock, which may be wrong."""
    part: int = 1
    parts: int = 1
    sim: str | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of reports."""

    accepted: int
    """How many were of messages that the device has, repeats included."""
    ignored: Sequence[UUID]
    """Messages that are not the device's."""
    cancel: Sequence[UUID]
    """Messages that the device is to give back, unless it has begun."""

"""Messages in a phone, and how far each has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["waiting", "begun", "sent", "delivered", "failed", "cancelled"]
FINAL: frozenset[State] = frozenset({"delivered", "failed", "cancelled"})
EXPIRED = "expired"
"""The code of a message that was not begun in time."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, as its door gave it."""

    key: str
    """Which one it is for this phone: the same key is never sent twice."""
    uid: str
    attempt: int
    slot: int
    """The SIM that sends it, from 0."""
    sim: str
    """That SIM's name at the door."""
    number: str
    body: str
    parts: int
    priority: int
    """Higher first; from 100 on it waits for no interval and no limit."""
    created_at: datetime
    valid_until: datetime | None

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        values = {name: getattr(self, name) for name in self.__slots__}
        until = self.valid_until.isoformat() if self.valid_until else None
        return values | {"created_at": self.created_at.isoformat(), "valid_until": until}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Message":
        """Read it from the journal."""
        until = values["valid_until"]
        times = {
            "created_at": datetime.fromisoformat(values["created_at"]),
            "valid_until": datetime.fromisoformat(until) if until else None,
        }
        return cls(**{**values, **times})


@dataclass(slots=True)
class Entry:
    """A message with what became of it."""

    message: Message
    state: State = "waiting"
    times: dict[State, datetime] = field(default_factory=dict)
    """When it came to each state, by the phone's clock."""
    code: str | None = None
    failed_part: int | None = None
    """From 1; the parts before it were sent."""
    reported: State | None = None
    """The last state that the server has confirmed to know."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that somebody sent to the phone."""

    id: str
    slot: int
    number: str
    """The sender's."""
    body: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": self.at.isoformat()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Inbound":
        """Read it from the journal."""
        return cls(**{**values, "at": datetime.fromisoformat(values["at"])})

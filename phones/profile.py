"""What an emulated phone is, and whom it speaks to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DoorName = Literal["xsender", "smsgate"]


@dataclass(frozen=True, slots=True)
class Card:
    """A SIM card in a phone."""

    slot: int
    """From 0."""
    number: str
    """E.164."""
    carrier: str = "Emulated"

    @property
    def iccid(self) -> str:
        """Its serial number: nineteen digits that end as its phone number does."""
        return f"8988211000{self.number[-9:]:0>9}"


def cards(count: int, first: int = 1) -> tuple[Card, ...]:
    """So many cards for a phone, at most four; ``first`` tells its numbers from those of other phones."""
    return tuple(Card(slot, f"+1415555{(first * 4 + slot) % 10_000:04d}") for slot in range(count))


@dataclass(frozen=True, slots=True)
class Profile:
    """A phone, as it introduces itself."""

    name: str = "phone"
    cards: tuple[Card, ...] = field(default_factory=lambda: cards(2))
    android_version: str = "14"
    app_version: str = "1.4.0"


@dataclass(frozen=True, slots=True)
class Connection:
    """Whom a phone speaks to, and what pairs it."""

    url: str
    """Base of the server; for the door ``smsgate`` the path of its device API is added."""
    door: DoorName = "xsender"
    token: str | None = None
    """A pairing token; one that differs from the token that paired the phone pairs it again."""
    code: str | None = None
    """A code of six characters, for the door ``smsgate`` alone; as ``token``."""

    @property
    def secret(self) -> str | None:
        """What pairs it."""
        return self.code or self.token


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a phone did or met."""

    phone: str
    what: str
    details: Mapping[str, Any]


Log = Callable[[Event], None]

"""SIM cards of phones: what phones and owners say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.countries import country_of
from domain.recipients import InvalidRecipient, normalise_number

MOST_SLOTS = 8
"""Slots of a phone, from 0: more are no phone's."""
MOST_SIMS = 100
"""Of one device, those that were taken out included."""


@dataclass(frozen=True, slots=True)
class Card:
    """A SIM card as a phone describes it."""

    slot: int
    number: str | None = None
    carrier: str | None = None
    iccid_end: str | None = None
    """The last four characters of its number."""
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Sim:
    """A SIM of a device, as people and its phone describe it."""

    uid: str
    slot: int
    label: str | None = None
    number: str | None = None
    """E.164."""
    carrier: str | None = None
    iccid_end: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    countries: Sequence[str] = ()
    """The only ones that it sends to; empty: all."""
    enabled: bool = True
    preset: str | None = None
    per_minute: int | None = None
    """Caps, in parts of messages; ``None``: no limit."""
    per_hour: int | None = None
    per_day: int | None = None
    unique_per_month: int | None = None
    """Different recipients in 30 days; ``None``: no limit."""
    gap_min: float = 0.0
    """Seconds between two messages: a random time between these two."""
    gap_max: float = 0.0
    deleted_at: datetime | None = None
    """When it was taken out; ``None``: it is in the phone."""

    @property
    def is_in(self) -> bool:
        """Whether it is in the phone."""
        return self.deleted_at is None


CAPS = ("per_minute", "per_hour", "per_day", "unique_per_month", "gap_min", "gap_max")
"""What limits how much a SIM sends."""


def is_same_card(sim: Sim, card: Card) -> bool:
    """Whether a slot still has the card that it had, as far as can be told."""
    return card.iccid_end is None or sim.iccid_end is None or card.iccid_end == sim.iccid_end


def next_uid(sims: Iterable[Sim]) -> str:
    """The name of another SIM of a device; one that was taken out keeps its own."""
    return f"sim-{max((int(sim.uid.removeprefix('sim-')) for sim in sims), default=0) + 1}"


def known_number(text: str | None) -> str | None:
    """A number that a phone says, in E.164; ``None``: it is none, such as one whose first digits are hidden."""
    try:
        return normalise_number(text, None) if text and text.startswith("+") else None
    except InvalidRecipient:
        return None


def country(number: str | None) -> str | None:
    """The country of a SIM with this number."""
    return None if number is None else country_of(number)

"""Which SIM sends which message: by caps, gaps, countries, and an even spread over the phones of a gateway."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

LONGEST_UNEVEN = 600.0
"""Seconds that a message waits at most for a SIM that has sent less: by then what keeps that SIM is not known here."""

MOST_OPEN = 20
"""Messages that a SIM has at a time: if its phone is lost these are, too, while others wait for another phone."""


@dataclass(slots=True)
class Sim:
    """A SIM that may send now, with what it has left."""

    device_id: UUID
    uid: str
    slot: int
    country: str | None
    countries: frozenset[str]
    """The only ones that it sends to; empty: all."""
    gap: tuple[float, float]
    """Seconds between two messages, at least and at most; a random time between."""
    free_at: float
    """Seconds from now until its gap is over."""
    parts_left: float
    """Parts that its caps allow now."""
    unique_left: float
    """Recipients that are new to it which it may still write to."""
    used: int
    """Messages in this hour."""
    open: int = 0
    """Messages that it has and did not report an end of."""
    gap_chosen: float = 0.0
    """Seconds until it may send again after what it got now."""

    @property
    def is_full(self) -> bool:
        """Whether it is to report some messages before it gets others."""
        return self.open >= MOST_OPEN

    def takes(self, country: str | None) -> bool:
        """Whether it sends to this country."""
        return not self.countries or country in self.countries


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for a phone."""

    uid: UUID
    attempt: int
    country: str | None
    parts: int
    recipient: bytes
    """Digest of the number."""
    age: float
    """Seconds since it waits."""


@dataclass(frozen=True, slots=True)
class Group:
    """SIMs of the gateway that are online and send to the same countries."""

    countries: frozenset[str]
    sims: int
    used: int
    """Messages in this hour, of all."""


class Known(Protocol):
    """Whether a SIM has written to a recipient in the last 30 days."""

    def __call__(self, sim: Sim, recipient: bytes) -> bool: ...


class Spread:
    """How many messages of this hour each SIM should have: as many as the others."""

    def __init__(self, groups: Sequence[Group], waiting: dict[str | None, int]) -> None:
        """``waiting``: messages that wait, by country."""
        self._groups = groups
        self._waiting = waiting
        self._shares: dict[str | None, int] = {}

    def allows(self, sim: Sim, message: Waiting) -> bool:
        """Whether the message is this SIM's to take, not one's that has sent less."""
        return sim.used < self._share(message.country) or message.age > LONGEST_UNEVEN

    def _share(self, country: str | None) -> int:
        if country not in self._shares:
            fit = [group for group in self._groups if not group.countries or country in group.countries]
            count, used = sum(group.sims for group in fit), sum(group.used for group in fit)
            self._shares[country] = math.ceil((used + self._waiting.get(country, 0)) / max(1, count))
        return self._shares[country]


def assign(
    sims: Sequence[Sim],
    messages: Iterable[Waiting],
    limit: int,
    spread: Spread,
    known: Known,
    random: Callable[[float, float], float],
) -> list[tuple[Waiting, Sim]]:
    """Give each message to the SIM that has sent least, of those that may send it. Changes what SIMs have left.

    ``limit``: messages for each device. A SIM with a gap gets one at a time.
    """
    chosen: list[tuple[Waiting, Sim]] = []
    devices: dict[UUID, int] = {}
    for message in messages:
        fit = [
            sim
            for sim in sims
            if devices.get(sim.device_id, 0) < limit
            and sim.free_at <= 0
            and sim.gap_chosen == 0
            and not sim.is_full
            and sim.parts_left >= message.parts
            and sim.takes(message.country)
            and (sim.unique_left > 0 or known(sim, message.recipient))
            and spread.allows(sim, message)
        ]
        if not fit:
            continue
        sim = min(fit, key=lambda one: (one.country != message.country, one.used, one.device_id.int, one.slot))
        if not known(sim, message.recipient):
            sim.unique_left -= 1
        sim.used += 1
        sim.open += 1
        sim.parts_left -= message.parts
        sim.gap_chosen = random(*sim.gap) if sim.gap[1] > 0 else 0.0
        devices[sim.device_id] = devices.get(sim.device_id, 0) + 1
        chosen.append((message, sim))
    return chosen


def parts_left(*caps: tuple[int | None, int]) -> float:
    """How many parts a SIM may send now: its caps, each with what it has sent in their time."""
    return min((max(0, cap - used) for cap, used in caps if cap is not None), default=math.inf)

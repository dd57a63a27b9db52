"""What goes wrong with a phone, as ordered. All of it may be changed while the phone runs."""

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

CrashPoint = Literal["before-radio", "after-radio"]
LIMIT_EXCEEDED = "RESULT_ERROR_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class CarrierLimit:
    """How many messages a carrier takes of each SIM."""

    count: int
    seconds: float


@dataclass(slots=True)
class Faults:
    """Orders; probabilities are from 0 to 1."""

    lose_network: float = 0.0
    """That a request fails: half of those before it reached the server, half afterwards, without its answer."""
    is_offline: bool = False
    is_slow: bool = False
    crash: CrashPoint | None = None
    """Crash at the next message, once."""
    crash_chance: float = 0.0
    """That a message makes the app crash, before or after the radio."""
    fail: dict[str, float] = field(default_factory=dict)
    """By Android's result code: that a message of any SIM fails with it."""
    fail_slot: dict[int, dict[str, float]] = field(default_factory=dict)
    """The same of single SIMs, by slot."""
    carrier_limit: CarrierLimit | None = None
    clock_offset: float = 0.0
    """Seconds that the phone's clock is ahead."""
    battery: int = 80
    """Percent."""
    is_charging: bool = False

    def now(self) -> datetime:
        """What the phone's clock shows."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset)


class Crashed(Exception):
    """The app ended in the middle of its work, as by a kill; with the same state folder it goes on."""


class Dice:
    """Chance that is the same for the same seed and phone, whatever else happens at the same time.

    Each subject has a sequence of its own, so that the number of requests does not change which messages fail.
    """

    def __init__(self, seed: int | None, phone: str) -> None:
        self._seed = seed
        self._phone = phone
        self._sequences: dict[str, random.Random] = {}

    def of(self, subject: str) -> random.Random:
        """The sequence of a subject."""
        if subject not in self._sequences:
            seed = None if self._seed is None else f"{self._seed}/{self._phone}/{subject}"
            self._sequences[subject] = random.Random(seed)  # noqa: S311 - nothing secret
        return self._sequences[subject]

    def hits(self, subject: str, chance: float) -> bool:
        """Whether something of this probability happens."""
        return self.of(subject).random() < chance

    def between(self, subject: str, span: tuple[float, float]) -> float:
        """A number of this span."""
        return self.of(subject).uniform(*span)


class CarrierCounter:
    """Messages that a carrier has taken of each SIM."""

    def __init__(self) -> None:
        self._taken: dict[int, deque[float]] = {}

    def takes(self, slot: int, limit: CarrierLimit | None, now: float) -> bool:
        """Count one more message; ``False``: it is over the limit. ``now`` is in seconds."""
        if limit is None:
            return True
        taken = self._taken.setdefault(slot, deque())
        while taken and taken[0] <= now - limit.seconds:
            taken.popleft()
        if len(taken) >= limit.count:
            return False
        taken.append(now)
        return True

"""What all parts of one running phone share."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from phones.faults import Dice, Faults
from phones.network import Network
from phones.profile import Connection, Event, Log, Profile
from phones.storage.app_data import AppData
from phones.storage.journal import Journal
from phones.timings import Timings


@dataclass(slots=True)
class Limits:
    """How fast a phone sends, as its settings say; per phone, not per SIM."""

    interval: tuple[float, float] = (0.0, 0.0)
    """Seconds between two messages: a random time."""
    count: int | None = None
    """How many in ``period``; ``None``: no limit."""
    period: float = 60.0
    is_fifo: bool = True


@dataclass(frozen=True, slots=True)
class Device:
    """A phone that runs."""

    profile: Profile
    connection: Connection
    app_data: AppData
    journal: Journal
    network: Network
    timings: Timings
    faults: Faults
    dice: Dice
    log: Log
    limits: Limits = field(default_factory=Limits)

    def now(self) -> datetime:
        """What the phone's clock shows."""
        return self.faults.now()

    def say(self, what: str, **details: Any) -> None:
        """Log what the phone did or met."""
        self.log(Event(self.profile.name, what, details))

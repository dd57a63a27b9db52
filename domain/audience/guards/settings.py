"""What an account's messages must not do."""

from dataclasses import dataclass
from datetime import time
from typing import Literal

Pumping = Literal["off", "monitor", "on"]
MOST_SAFE_NUMBERS = 1_000
MOST_PER_PERSON = 1_000


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The guards of an account."""

    countries: frozenset[str] | None = None
    """Whose numbers may be sent to (ISO 3166); ``None``: those of all."""
    pumping: Pumping = "off"
    """Whether SMS to costly kinds of numbers, and very many to one range, are refused; ``monitor``: only noted."""
    prefix_per_hour: int = 100
    """How many SMS may go to numbers that differ in their last four digits only."""
    safe_numbers: frozenset[str] = frozenset()
    """Numbers that the pumping guard lets pass."""
    quiet_hours: bool = False
    """Whether what is not transactional waits for the hours of the day."""
    quiet_channels: frozenset[str] = frozenset({"sms", "whatsapp"})
    quiet_from: time | None = None
    """When the hours begin in which nothing arrives; ``None``: as the recipient's country has it."""
    quiet_to: time | None = None
    per_day: int | None = None
    """Messages that are not transactional to one person in 24 hours, over all channels; ``None``: any number."""
    per_week: int | None = None
    """The same in 7 days."""
    over_cap: Literal["skip", "wait"] = "skip"
    """What is done with those beyond that."""

    @property
    def of_all(self) -> bool:
        """Whether it concerns transactional messages, too."""
        return self.countries is not None or self.pumping != "off"

    @property
    def of_marketing(self) -> bool:
        """Whether it concerns what is not transactional only."""
        return self.quiet_hours or self.is_capped

    @property
    def is_capped(self) -> bool:
        """Whether a person gets only so many."""
        return self.per_day is not None or self.per_week is not None

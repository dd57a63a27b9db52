"""A business's own numbers at WhatsApp, as Meta judges them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NumberReport:
    """What was read of a number, or what a webhook reported; ``None``: nothing about it."""

    number: str | None = None
    """E.164; ``None``, of a report: it is about all numbers of the business account."""
    quality: str | None = None
    """GREEN, YELLOW or RED."""
    messaging_limit: str | None = None
    """To how many people it may write first in a day: TIER_250, TIER_2K …"""
    event: str | None = None
    """FLAGGED, UPGRADE, DOWNGRADE …"""
    at: float = 0.0
    """When it was reported, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class NumberHealth:
    """What is known of a gateway's number."""

    number: str | None
    quality: str | None
    messaging_limit: str | None
    event: str | None
    reported_at: datetime | None
    read_at: datetime | None

    @property
    def head(self) -> dict[str, str | None]:
        """The same without times: those change all the time."""
        return {name: getattr(self, name) for name in ("number", "quality", "messaging_limit", "event")}

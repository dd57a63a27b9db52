"""What an address allowed or refused, and how that is known."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ConsentState(StrEnum):
    """What is known of an address and a purpose."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    """Somebody gave the address; whose it is has not confirmed that yet."""


@dataclass(frozen=True, slots=True)
class NewConsent:
    """Something to record of an address."""

    channel: str
    recipient: str
    purpose: str
    """``EVERYTHING``: all that are not transactional."""
    state: ConsentState
    source: str
    """What records it, such as ``api``, ``import``, ``preference_page``."""
    at: datetime | None = None
    """When the person chose; ``None``: now."""
    text_shown: str | None = None
    """What the person saw and agreed to."""
    ip: str | None = None
    """The person's."""
    proof: dict[str, Any] | None = field(default=None)

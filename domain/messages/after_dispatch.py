"""Payloads about messages that were dispatched and that their page still follows: those with a fallback, and those that
phones are to send.
"""

from dataclasses import dataclass, field

from domain.messages.fallback import NextKind
from domain.messages.page import Ending, PageHeader, Retry


@dataclass(frozen=True)
class FollowUp:
    """Check messages with a fallback, and send the fallbacks that are needed."""

    page: PageHeader
    """As ``PageHeader.brief`` returns it."""
    looks: list[tuple[int, bool]]
    """Indexes, each with whether the message's time to arrive is over."""
    queue: str
    """The task queue of the pages in which fallbacks are sent, and their priority."""
    priority: int


@dataclass(frozen=True)
class FollowedUp:
    """The result of a ``FollowUp``: all other messages need no more checks."""

    waiting: list[int] = field(default_factory=list)
    """Messages that may still arrive."""
    at: float = 0.0
    """When they were checked, by Temporal's clock (Unix seconds)."""


@dataclass(frozen=True)
class NextStep:
    """The next step of the workflow; the page, and its content as JSON text, only if one is to be sent.

    Only for pages that were started before they carried their limits; later ones use ``FollowUp``.
    """

    kind: NextKind
    page: PageHeader | None = None
    content: str = ""


@dataclass(frozen=True)
class DeviceRequest:
    """Read what came of messages that wait for phones; or take back those that no phone has."""

    page_id: str
    attempts: list[tuple[int, list[int]]]
    """Attempt, and indexes."""
    on_unknown: dict[str, list[int]] = field(default_factory=dict)
    """The policies of their gateways: policy → indexes."""
    ask: bool = False
    """To take back: whether phones are to give back those that they have."""


@dataclass(frozen=True)
class DeviceResults:
    """What came of messages that waited for phones: the others still do."""

    done: list[int] = field(default_factory=list)
    """They have their outcome."""
    endings: list[Ending] = field(default_factory=list)
    """They have none yet: it is to be recorded."""
    again: list[Retry] = field(default_factory=list)
    at: float = 0.0
    """When this was read, by Temporal's clock (Unix seconds)."""


@dataclass(frozen=True)
class Recalled:
    """Messages that were taken back, and those that phones have and were asked to give back."""

    withdrawn: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

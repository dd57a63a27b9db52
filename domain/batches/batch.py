"""Payloads between the batch workflow and its activities: small, and without personal data."""

from dataclasses import dataclass, field
from typing import Literal

from domain.limits import BatchLimits
from domain.messages.page import KeyTerms


@dataclass(frozen=True)
class Stream:
    """A range of a batch's pages that are sent in order: those for one requested gateway and one sender, soonest
    due first."""

    gateway: str
    """The requested gateway, by its identifier; empty: none."""
    next: int
    """Number of the next page."""
    last: int
    """Number of the last page."""
    sender: str = ""
    """The mailbox that its emails are from; empty: that of their gateway."""


BatchChangeKind = Literal["pause", "resume", "cancel", "switch_gateway"]


@dataclass(frozen=True)
class BatchChange:
    """Change a batch. The batch's query ``answer_to`` returns the result."""

    id: str
    """Unique; the same when the request is repeated."""
    kind: BatchChangeKind
    gateway: str = ""
    """The gateway for all unsent messages; of ``switch_gateway``."""


@dataclass(frozen=True)
class BatchHeader:
    """A stored list of messages to send, and the progress so far."""

    batch_id: str
    account_id: int
    channel: str
    lane: str
    streams: list[Stream]
    paused: bool = False
    gateway: str = ""
    """The gateway for all unsent messages, whatever was requested; set by ``switch_gateway``."""
    limits: BatchLimits | None = None
    """The limits that the batch was started with; ``None``: it was started before batches carried them."""
    in_flight: list[tuple[str, int]] = field(default_factory=list)
    """Pages that an earlier run started and that have not ended: id, and the index of their stream."""
    answers: dict[str, str] = field(default_factory=dict)
    """Results of the latest requested changes, by their ids."""
    changes: list[BatchChange] = field(default_factory=list)
    """Changes that have not been applied."""
    key: KeyTerms | None = None
    """The key of all messages, if it demands something."""


@dataclass(frozen=True)
class PageList:
    """Request the pages ``first`` to ``last`` of a batch."""

    batch_id: str
    first: int
    last: int


@dataclass(frozen=True)
class BatchPage:
    """A page of a batch that is to be started."""

    number: int
    size: int
    due: float
    """Unix seconds; 0: at once."""


@dataclass(frozen=True)
class BatchState:
    """Record a batch's state. ``cancelled`` and ``completed`` end it."""

    batch_id: str
    state: str


@dataclass(frozen=True)
class BatchStatus:
    """The workflow's view of an unfinished batch: above all, why it waits."""

    state: str
    """``scheduled``, ``running``, ``paused`` or ``cancelling``."""
    until: float = 0.0
    """When the next page is due (Unix seconds), if nothing else is left to do."""
    gateway: str = ""
    in_flight: list[str] = field(default_factory=list)
    """Ids of the pages in flight, oldest first."""

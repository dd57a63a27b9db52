"""What the workflow of a batch and its activities say to each other: small, and without personal data."""

from dataclasses import dataclass, field
from typing import Literal

from domain.limits import BatchLimits


@dataclass(frozen=True)
class Stream:
    """A run of a batch's pages that leave one after the other: those for one requested gateway, soonest due first."""

    gateway: str
    """The gateway that was asked for, by its identifier; empty: none was."""
    next: int
    """Number of the page whose turn is next."""
    last: int
    """Number of the last page."""


BatchChangeKind = Literal["pause", "resume", "cancel", "switch_gateway"]


@dataclass(frozen=True)
class BatchChange:
    """Change a batch. What became of it, the batch's query ``answer_to`` tells."""

    id: str
    """Unique; the same when it is asked again."""
    kind: BatchChangeKind
    gateway: str = ""
    """Where everything still to come goes; of ``switch_gateway``."""


@dataclass(frozen=True)
class BatchHeader:
    """A stored list of messages to walk, and how far that has come."""

    batch_id: str
    account_id: int
    channel: str
    lane: str
    streams: list[Stream]
    paused: bool = False
    gateway: str = ""
    """The gateway that everything still to come goes through, whatever was asked for; set by ``switch_gateway``."""
    limits: BatchLimits | None = None
    """What the batch was started with; ``None``: it was started before batches carried their limits."""
    in_flight: list[tuple[str, int]] = field(default_factory=list)
    """Pages that an earlier run started and that have not ended: id, and the place of their stream."""
    answers: dict[str, str] = field(default_factory=dict)
    """What became of the latest changes that were asked for, by their ids."""
    changes: list[BatchChange] = field(default_factory=list)
    """Those that have not been made."""


@dataclass(frozen=True)
class PageList:
    """Ask for the pages ``first`` to ``last`` of a batch."""

    batch_id: str
    first: int
    last: int


@dataclass(frozen=True)
class BatchPage:
    """A page of a batch whose turn is to come."""

    number: int
    size: int
    due: float
    """Unix seconds; 0: at once."""


@dataclass(frozen=True)
class BatchState:
    """Show a batch's state in the record. ``cancelled`` and ``completed`` end it."""

    batch_id: str
    state: str


@dataclass(frozen=True)
class BatchStatus:
    """What the workflow knows of a batch that is under way: above all, why it waits."""

    state: str
    """``scheduled``, ``running``, ``paused`` or ``cancelling``."""
    until: float = 0.0
    """When the next page is due (Unix seconds), where nothing else is left to do."""
    gateway: str = ""
    in_flight: list[str] = field(default_factory=list)
    """Ids of the pages under way, oldest first."""

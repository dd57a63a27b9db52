"""What the clients know: what was accepted from whom, what was promised about it, and what was answered wrongly."""

import time
from collections import Counter
from dataclasses import dataclass, field

BASE_AGE = 180.0
"""Seconds within which a message whose time has come has its outcome, through any fault that the test makes. Gateways
that are slow, or limited, add to it (``providers.Kind.late``)."""


@dataclass
class Accepted:
    """A message that the API answered for."""

    uid: str
    channel: str
    gateway: str
    lane: str
    accepted_at: float = field(default_factory=time.time)
    due: float = 0.0
    """Unix seconds; 0: at once. The latest moment that any answer named."""
    not_before: float = 0.0
    """The earliest moment at which it may leave, after all that was asked for."""
    batch: str = ""
    resend: bool = False
    """Whether it may be sent again when an answer was lost."""
    is_asked: bool = False
    """Whether a change of it is under way, or whether it was done is not known."""
    is_cancelled: bool = False
    """Whether the API said that it was cancelled."""

    @property
    def due_at(self) -> float:
        """When its time had come."""
        return max(self.accepted_at, self.due)


@dataclass
class Ledger:
    """All that the clients know."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    batches: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    """How many requests, repeats, polls, cancels … were made."""
    wrong: list[str] = field(default_factory=list)
    """Answers that break the contract."""

    def accept(self, message: Accepted) -> None:
        """Note a message."""
        if message.uid in self.accepted:
            self.wrong.append(f"uid {message.uid} was given twice")
        self.accepted[message.uid] = message

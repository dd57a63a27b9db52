"""A batch's progress and what it waits for: computed from the database and from its workflows' answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.batches.batch import BatchStatus
from domain.messages.page import LiveStatus
from domain.messages.statuses import State

ENDED = frozenset({"cancelled", "completed"})
"""The final states of a batch."""

RATE_SECONDS = 10
"""The rate is computed over this many last seconds."""

_WITHOUT_OUTCOME = (State.SCHEDULED, State.QUEUED, State.PROCESSING)
MOST_RELEVANT_FIRST = (
    "account_suspended",
    "sending_paused",
    "reputation_guard",
    "gateway_paused",
    "gateway_breaker",
    "warm_up",
    "retry_pause",
    "rate_slot",
    "gateway_answer",
    "quiet_hours",
    "frequency_cap",
    "schedule",
)
"""What messages wait for, the most relevant to the batch first."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a batch's messages, from the database."""

    at: datetime
    """When they were counted."""
    counts: dict[str, int]
    """How many are in each state."""
    credits: dict[str, int]
    """Credits by their state."""
    next_due: datetime | None
    """When the first, and the last, of those that wait for their time are due; ``None``: none does."""
    last_due: datetime | None
    answered: int
    """Attempts that ended in the last ``RATE_SECONDS``."""
    first_answer: datetime | None
    """When the first of them ended."""

    @property
    def done(self) -> int:
        """Messages that have an outcome."""
        return sum(self.counts.values()) - self._left

    @property
    def rate(self) -> float:
        """Messages per second that recently got an outcome from a gateway."""
        if self.first_answer is None:
            return 0.0
        return self.answered / max(1.0, (self.at - self.first_answer).total_seconds())

    @property
    def eta(self) -> datetime | None:
        """When the last message will have its outcome at the current rate; ``None``: no progress."""
        if not self.rate or not self._left:
            return None
        end = self.at + timedelta(seconds=self._left / self.rate)
        return max(end, self.last_due) if self.last_due else end

    @property
    def _left(self) -> int:
        return sum(self.counts.get(state, 0) for state in _WITHOUT_OUTCOME)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a batch does not continue at once."""

    reason: str
    """``schedule``, ``paused``, ``worker``, or what its messages wait for (``LiveStatus.waits_for``)."""
    until: datetime | None = None
    gateway: str | None = None
    sentence: str | None = None
    """Why, where the reason is not enough."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a batch is doing."""

    state: str
    wait: Wait | None = None

    @property
    def moves(self) -> bool:
        """Whether it makes progress: then its end can be estimated."""
        return self.state in ("scheduled", "running")


def doing(status: BatchStatus, waits: Sequence[LiveStatus]) -> Doing:
    """What a batch is doing, from its workflow. ``waits``: those of the messages of its oldest page in flight."""
    if status.state == "paused":
        return Doing(status.state, Wait("paused"))
    if status.state == "scheduled":
        return Doing(status.state, Wait("schedule", _instant(status.until)))
    relevant = [wait for wait in waits if wait.waits_for in MOST_RELEVANT_FIRST]
    if not relevant:
        return Doing(status.state)
    most = min(relevant, key=lambda wait: MOST_RELEVANT_FIRST.index(wait.waits_for))
    return Doing(status.state, Wait(most.waits_for, _instant(most.until), most.gateway or None))


def doing_from_database(state: str, tally: Tally) -> Doing:
    """What a batch is doing, from the database, as its workflow does not answer."""
    wait = {"paused": Wait("paused"), "scheduled": Wait("schedule", tally.next_due)}.get(state, Wait("worker"))
    return Doing(state, wait)


def _instant(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

"""How far a batch has come and what it waits for: reckoned from the record and from what its workflows say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.batches.batch import BatchStatus
from domain.messages.page import LiveStatus
from domain.messages.statuses import State

ENDED = frozenset({"cancelled", "completed"})
"""The states in which a batch does nothing any more."""

RATE_SECONDS = 10
"""The rate now is that of so many last seconds."""

_WITHOUT_OUTCOME = (State.SCHEDULED, State.QUEUED, State.PROCESSING)
TELLING = (
    "account_suspended",
    "gateway_paused",
    "gateway_breaker",
    "retry_pause",
    "rate_slot",
    "gateway_answer",
    "schedule",
)
"""What messages wait for; that which tells most about the batch comes first."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The messages of a batch as the record has them."""

    at: datetime
    """When they were counted."""
    counts: dict[str, int]
    """How many are in each state."""
    credits: dict[str, int]
    """Credits by what became of them."""
    next_due: datetime | None
    """When the first, and the last, of those that wait for their time are due; ``None``: none does."""
    last_due: datetime | None
    answered: int
    """Tries that ended in the last ``RATE_SECONDS``."""
    first_answer: datetime | None
    """When the first of them did."""

    @property
    def done(self) -> int:
        """Messages that have an outcome."""
        return sum(self.counts.values()) - self._left

    @property
    def rate(self) -> float:
        """Messages that a gateway gave an outcome lately, per second."""
        if self.first_answer is None:
            return 0.0
        return self.answered / max(1.0, (self.at - self.first_answer).total_seconds())

    @property
    def eta(self) -> datetime | None:
        """When the last message will have its outcome if the rate stays as it is; ``None``: nothing moves."""
        if not self.rate or not self._left:
            return None
        end = self.at + timedelta(seconds=self._left / self.rate)
        return max(end, self.last_due) if self.last_due else end

    @property
    def _left(self) -> int:
        return sum(self.counts.get(state, 0) for state in _WITHOUT_OUTCOME)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a batch does not go on at once."""

    reason: str
    """``schedule``, ``paused``, ``worker``, or what its messages wait for (``LiveStatus.waits_for``)."""
    until: datetime | None = None
    gateway: str | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """What a batch is doing."""

    state: str
    wait: Wait | None = None

    @property
    def moves(self) -> bool:
        """Whether it goes on by itself: then it has a time at which it will probably end."""
        return self.state in ("scheduled", "running")


def doing(status: BatchStatus, waits: Sequence[LiveStatus]) -> Doing:
    """What a batch says of itself. ``waits``: what the messages of its oldest page under way wait for."""
    if status.state == "paused":
        return Doing(status.state, Wait("paused"))
    if status.state == "scheduled":
        return Doing(status.state, Wait("schedule", _instant(status.until)))
    telling = [wait for wait in waits if wait.waits_for in TELLING]
    if not telling:
        return Doing(status.state)
    most = min(telling, key=lambda wait: TELLING.index(wait.waits_for))
    return Doing(status.state, Wait(most.waits_for, _instant(most.until), most.gateway or None))


def doing_unheard(state: str, tally: Tally) -> Doing:
    """What the record says of a batch whose workflow does not answer."""
    wait = {"paused": Wait("paused"), "scheduled": Wait("schedule", tally.next_due)}.get(state, Wait("worker"))
    return Doing(state, wait)


def _instant(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

"""Rules for messages whose workflow has ended without an outcome for them, without I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.ids import index_of
from domain.messages.page import Turn

LATEST = 24 * 3600.0
"""Seconds after which a due message is not sent any more, as it is probably outdated."""

MOST_RESTARTS = 3
"""How often a page or a batch is restarted: what ended it each time would probably end it again."""

TERMINATED = "terminated"
"""Code of messages whose workflow an operator ended."""
LOST = "workflow_lost"
"""Code of messages whose workflow has failed, or does not exist any more."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A message without an outcome. It was certainly not sent: no attempt at it waits for an answer."""

    uid: UUID
    is_pending: bool
    """Whether its credit is not held yet: it belongs to a batch, and its page was not started."""
    due: float
    """When it is due, in Unix seconds; 0: at once."""
    touched: float
    """When its row last changed, in Unix seconds."""
    tries: int
    """The number of its last attempt."""

    def may_still_leave(self, now: float) -> bool:
        """Whether it is not too late to send it."""
        return now <= max(self.due, self.touched) + LATEST


def turns(messages: Iterable[LeftOver], now: float) -> list[tuple[Turn, list[int]]]:
    """The turns with which a new run of a page starts: waiting for their time, or with the next attempt."""
    together: dict[Turn, list[int]] = {}
    for message in messages:
        waits = message.due > now
        turn = Turn(
            at=message.due if waits else 0.0,
            waits_for="schedule" if waits else "",
            attempt=message.tries + 1,
            strikes=message.tries,
        )
        together.setdefault(turn, []).append(index_of(message.uid))
    return list(together.items())

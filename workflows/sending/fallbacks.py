"""Messages of a page that may need a fallback: which to check, and when. Their outcomes are in the
database."""

from collections.abc import Iterable

from domain.messages.fallback import Awaited
from workflows.history import NEVER


class Fallbacks:
    """A message is tracked from when it was sent or failed until it has arrived or its fallback was sent."""

    def __init__(self, awaited: Iterable[Awaited], followed: Iterable[tuple[int, float]]) -> None:
        """``followed``: as carried by an earlier run of the page."""
        self._after = {one.index: one.after for one in awaited}
        self._until = {index: until for index, until in followed if until}
        """When the wait of each ends (Unix seconds); 0: not checked yet."""
        self._to_look_at = {index for index, until in followed if not until}
        self._busy: set[int] = set()
        self._ended = False

    @property
    def is_open(self) -> bool:
        """Whether any is tracked."""
        return bool(self._to_look_at or self._until or self._busy)

    def left(self, index: int) -> None:
        """A message was sent, or failed."""
        if index in self._after and not self._ended:
            self._to_look_at.add(index)

    def reported(self, indexes: Iterable[int]) -> None:
        """Something was reported of messages."""
        self._to_look_at.update(index for index in indexes if index in self._until or index in self._busy)

    def next_at(self) -> float:
        """When the next check is due (Unix seconds)."""
        if self._to_look_at - self._busy:
            return 0.0
        return min((until for index, until in self._until.items() if index not in self._busy), default=NEVER)

    def take_due(self, now: float) -> list[tuple[int, bool]]:
        """Those to check now, each with whether its wait is over; they are busy until ``looked``."""
        late = {index for index, until in self._until.items() if until <= now}
        due = sorted((self._to_look_at | late) - self._busy)
        self._to_look_at -= set(due)
        self._busy.update(due)
        return [(index, index in late) for index in due]

    def looked(self, indexes: Iterable[int], waiting: Iterable[int], at: float) -> dict[int, float]:
        """These were checked at this time. Returns those that still wait, with the end of their wait."""
        self._busy.difference_update(indexes)
        wait_on = {index: self._until.get(index) or at + self._after[index] for index in waiting}
        for index in indexes:
            self._until.pop(index, None)
            if index not in wait_on:
                self._to_look_at.discard(index)
        if not self._ended:
            self._until.update(wait_on)
        return wait_on

    def end(self) -> list[int]:
        """Stop tracking all. Returns those that were tracked."""
        ended = [*self._until, *self._to_look_at]
        self._ended = True
        self._until.clear()
        self._to_look_at.clear()
        return ended

    def carried(self) -> list[tuple[int, float]]:
        """For the next run; to be read while none is busy."""
        return [(index, self._until.get(index, 0.0)) for index in sorted({*self._until, *self._to_look_at})]

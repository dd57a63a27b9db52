"""Messages of a page that may be followed by another one: which are looked at when. What is known of them is in the
record."""

from collections.abc import Iterable

from domain.messages.fallback import Awaited
from workflows.history import NEVER


class Fallbacks:
    """A message is followed from the moment it has left or failed, until it has arrived or its fallback was sent."""

    def __init__(self, awaited: Iterable[Awaited], followed: Iterable[tuple[int, float]]) -> None:
        """``followed``: as carried by an earlier run of the page."""
        self._after = {one.index: one.after for one in awaited}
        self._until = {index: until for index, until in followed if until}
        """When the time of each is over (Unix seconds); 0 is for those that were not looked at yet."""
        self._to_look_at = {index for index, until in followed if not until}
        self._busy: set[int] = set()
        self._ended = False

    @property
    def is_open(self) -> bool:
        """Whether any is followed."""
        return bool(self._to_look_at or self._until or self._busy)

    def left(self, index: int) -> None:
        """A message has left, or failed."""
        if index in self._after and not self._ended:
            self._to_look_at.add(index)

    def reported(self, indexes: Iterable[int]) -> None:
        """Something was reported of messages."""
        self._to_look_at.update(index for index in indexes if index in self._until or index in self._busy)

    def next_at(self) -> float:
        """When the next look is due (Unix seconds)."""
        if self._to_look_at - self._busy:
            return 0.0
        return min((until for index, until in self._until.items() if index not in self._busy), default=NEVER)

    def take_due(self, now: float) -> list[tuple[int, bool]]:
        """Those to look at now, each with whether its time is over; they are busy until ``looked``."""
        late = {index for index, until in self._until.items() if until <= now}
        due = sorted((self._to_look_at | late) - self._busy)
        self._to_look_at -= set(due)
        self._busy.update(due)
        return [(index, index in late) for index in due]

    def looked(self, indexes: Iterable[int], waiting: Iterable[int], at: float) -> dict[int, float]:
        """These were looked at, at this time. Returns those that wait on, with the end of their time."""
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
        """Follow none any more. Returns those that were."""
        ended = [*self._until, *self._to_look_at]
        self._ended = True
        self._until.clear()
        self._to_look_at.clear()
        return ended

    def carried(self) -> list[tuple[int, float]]:
        """For the next run; to be asked while nothing is busy."""
        return [(index, self._until.get(index, 0.0)) for index in sorted({*self._until, *self._to_look_at})]

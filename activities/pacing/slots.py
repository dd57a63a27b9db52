"""A pool with few slots: who comes when all are taken waits in order, as long as that makes sense."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LOOK = 0.5
"""Seconds between two checks whether a wait was given up."""
BEARABLE = 2.0
"""Seconds: an expected wait up to this is always allowed, however many wait."""
_SHORTEST, _LONGEST = 1.0, 60.0
"""Bounds of the seconds after which to retry."""
_WEIGHT = 0.1
"""Weight of the latest hold time in the running mean."""


class NoSlotFree(Exception):
    """Enough others wait already: retry after ``after`` seconds."""

    def __init__(self, expected_wait: float) -> None:
        super().__init__(f"the wait would be about {expected_wait:.0f} s")
        # Jitter: callers that were refused together shall not return together.
        self.after = min(_LONGEST, max(_SHORTEST, expected_wait * random.uniform(0.5, 1.5)))  # noqa: S311


@dataclass(eq=False, slots=True)
class _Waiter:
    count: int
    granted: "asyncio.Future[None]"


class SlotPool:
    """At most ``size`` slots. A caller that takes several gets them all at once, and is not overtaken."""

    def __init__(self, size: int, waiting: int | None = None) -> None:
        """``waiting``: how many may wait long; ``None``: no bound."""
        self.size = size
        self.free = size
        self._most_waiting = waiting
        self._queue: list[_Waiter] = []
        self._taken_at: deque[float] = deque()
        self._mean_hold = 0.0

    async def take(self, count: int, given_up: Callable[[], bool], *, may_refuse: bool = False) -> bool:
        """Wait until ``count`` slots are free (at most ``size``). Returns whether they were taken before ``given_up``.

        Raises:
            NoSlotFree: the wait would be a long one and enough others wait; only if ``may_refuse``.
        """
        if not self._queue and count <= self.free:
            self._hand_out(count)
            return True
        waiter = _Waiter(count, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        is_taken = False
        try:
            while not given_up():
                if may_refuse:
                    self._refuse(waiter)
                await asyncio.wait([waiter.granted], timeout=LOOK)
                if waiter.granted.done():
                    is_taken = True
                    break
        finally:
            if not is_taken:
                self._withdraw(waiter)
        return is_taken

    def give_back(self, count: int = 1) -> None:
        """Free slots that were taken."""
        now = time.monotonic()
        for _ in range(count):  # any of them: the mean is the same
            hold = now - self._taken_at.popleft()
            self._mean_hold += (hold - self._mean_hold) * _WEIGHT if self._mean_hold else hold
        self.free += count
        self._serve()

    def _hand_out(self, count: int) -> None:
        self.free -= count
        self._taken_at.extend([time.monotonic()] * count)

    def _serve(self) -> None:
        while self._queue and self._queue[0].count <= self.free:
            waiter = self._queue.pop(0)
            self._hand_out(waiter.count)
            waiter.granted.set_result(None)

    def _withdraw(self, waiter: _Waiter) -> None:
        if waiter.granted.done():
            self.give_back(waiter.count)
        else:
            self._queue.remove(waiter)
            self._serve()

    def _refuse(self, waiter: _Waiter) -> None:
        if self._most_waiting is None or waiter.granted.done():
            return
        position = self._queue.index(waiter)
        if position < self._most_waiting:
            return
        ahead = sum(other.count for other in self._queue[: position + 1])
        expected = ahead / self.size * self._hold_seconds()
        if expected > BEARABLE:
            raise NoSlotFree(expected)

    def _hold_seconds(self) -> float:
        """Expected hold time of a slot: the mean, or the age of the oldest hold if that is longer."""
        oldest = time.monotonic() - self._taken_at[0] if self._taken_at else 0.0
        return max(self._mean_hold, oldest)

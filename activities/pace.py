"""Pacing: no faster than the gateway's rate, whatever held us up before."""

import asyncio
import time
from collections.abc import Callable

_CATCH_UP = 0.1
"""Seconds that a late message may be ahead of its interval: timers overshoot, and the rate shall still be reached."""
_LOOK = 0.5


class Pace:
    """When each next message may leave."""

    def __init__(self, per_second: float, start_at: float) -> None:
        self._interval = 1.0 / per_second if per_second else 0.0
        self._next = max(start_at, time.time())

    def not_before(self, at: float) -> None:
        """Let the next message leave at ``at`` (Unix seconds) at the earliest."""
        self._next = max(self._next, at)

    async def until_next(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Wait until the next message may leave, or ``given_up`` (asked every half second)."""
        while (pause := self._next - time.time()) > 0 and not given_up():  # noqa: ASYNC110 - mostly time
            await asyncio.sleep(min(pause, _LOOK))

    def left(self) -> None:
        """A message leaves now."""
        if self._interval:
            self._next = max(self._next, time.time() - _CATCH_UP) + self._interval

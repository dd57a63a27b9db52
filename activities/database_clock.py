"""The database's clock, told from this process's monotonic one."""

import asyncio
import time

from store import clock
from store.pool import Pool, retry_until_available

MEASURED_EVERY = 30.0
"""Seconds that a comparison of both clocks is good for: they drift apart by far less than a rate slot meanwhile."""
_GOOD = 0.05
"""Seconds that a comparison may take: half of it is its error."""
_TRIES = 3
_SET = 2.0
"""Seconds by which the clocks come to differ only where one was set."""


class DatabaseClock:
    """Compares both clocks when it is used. One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ahead: float | None = None
        self._measured_at = -MEASURED_EVERY
        self._measuring = asyncio.Lock()
        self.set_back = 0
        """How often the database's clock was found to have been set back: what was to come by it may be far away."""

    async def adjust(self, said: float | None = None) -> None:
        """Compare the clocks, unless that was done a short time ago. To be called before ``now``.

        ``said``: what the database has just said of its time. If that is not what it should be, they are compared now.
        """
        if said is not None and abs(said - self.now()) > _SET:
            self._measured_at = -MEASURED_EVERY
        if time.monotonic() < self._measured_at + MEASURED_EVERY:
            return
        async with self._measuring:
            if time.monotonic() >= self._measured_at + MEASURED_EVERY:
                await self._measure()

    def now(self) -> float:
        """Unix seconds by the database's clock."""
        return time.monotonic() + (self._ahead or 0.0)

    async def _measure(self) -> None:
        took, ahead = float("inf"), 0.0
        for _ in range(_TRIES):
            theirs, before, after = await retry_until_available(lambda: clock.read(self._pool))
            if after - before < took:
                took = after - before
                ahead = theirs - (before + after) / 2
            if took < _GOOD:
                break
        if self._ahead is not None and ahead < self._ahead - _SET - took:
            self.set_back += 1
        self._ahead = ahead
        self._measured_at = time.monotonic()

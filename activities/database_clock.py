"""The database's clock, told from this process's monotonic one."""

import asyncio
import time

from store import clock
from store.pool import Pool, patiently

MEASURED_EVERY = 30.0
"""Seconds that a comparison of both clocks is good for: they drift apart by far less than a rate slot meanwhile."""
_GOOD = 0.05
"""Seconds that a comparison may take: half of it is its error."""
_TRIES = 3


class DatabaseClock:
    """Compares both clocks when it is used. One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ahead = 0.0
        self._measured_at = -MEASURED_EVERY
        self._measuring = asyncio.Lock()

    async def adjust(self) -> None:
        """Compare the clocks, unless that was done a short time ago. To be called before ``now``."""
        if time.monotonic() < self._measured_at + MEASURED_EVERY:
            return
        async with self._measuring:
            if time.monotonic() >= self._measured_at + MEASURED_EVERY:
                await self._measure()

    def now(self) -> float:
        """Unix seconds by the database's clock."""
        return time.monotonic() + self._ahead

    async def _measure(self) -> None:
        took = float("inf")
        for _ in range(_TRIES):
            theirs, before, after = await patiently(lambda: clock.read(self._pool))
            if after - before < took:
                took = after - before
                self._ahead = theirs - (before + after) / 2
            if took < _GOOD:
                break
        self._measured_at = time.monotonic()

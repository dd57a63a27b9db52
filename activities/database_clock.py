"""The database's clock, derived from this process's monotonic clock."""

import asyncio
import time

from store import clock
from store.pool import Pool, retry_until_available

MEASURED_EVERY = 30.0
"""Seconds for which a comparison of both clocks is valid: the drift in that time is far less than a rate slot."""
_GOOD = 0.05
"""Seconds that a comparison may take: half of it is its error."""
_TRIES = 3
_SET = 2.0
"""A difference of more seconds means that one of the clocks was set."""


class DatabaseClock:
    """Compares both clocks when used. One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._ahead: float | None = None
        self._measured_at = -MEASURED_EVERY
        self._measuring = asyncio.Lock()
        self.set_back = 0
        """How often the database's clock was found to have been set back: times taken from it may then be far ahead."""

    async def adjust(self, reported: float | None = None) -> None:
        """Compare the clocks, unless that was done recently. Call it before ``now``.

        ``reported``: a time that the database just returned. If it is not as expected, they are compared now.
        """
        if reported is not None and abs(reported - self.now()) > _SET:
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

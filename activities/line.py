"""What all dispatches of a process through one gateway share: places, and what they learn of its health."""

import asyncio
import time
from uuid import UUID

from domain.page import CONCURRENCY

FAILURES_TO_STOP = 5
"""Failures of the gateway itself, in a row, after which no more is launched."""
CLOSED_SECONDS = 5.0
"""How long nothing is launched then; the breaker in the database, which other processes see, takes over meanwhile."""


class Line:
    """One gateway as seen by one lane of this process."""

    def __init__(self, places: int = CONCURRENCY) -> None:
        self.places = asyncio.Semaphore(places)
        """For messages whose intent is written and whose outcome is not: what a crash would leave in doubt."""
        self.turn = asyncio.Lock()
        """Held while taking several places: who waits for its last one must not wait for others that do the same."""
        self.last_failure = ""
        self._failures = 0
        self._closed_until = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether the gateway failed so often just now that nothing more shall be launched."""
        return time.monotonic() < self._closed_until

    def failed(self, reason: str) -> None:
        """The gateway failed at a message, or was silent."""
        self.last_failure = reason
        self._failures += 1
        if self._failures >= FAILURES_TO_STOP:
            self._failures = 0
            self._closed_until = time.monotonic() + CLOSED_SECONDS

    def answered(self) -> None:
        """The gateway did its work for a message."""
        self._failures = 0
        self._closed_until = 0.0


class Lines:
    """The lines of a process."""

    def __init__(self) -> None:
        self._lines: dict[tuple[UUID, str], Line] = {}

    def line(self, gateway_id: UUID, lane: str) -> Line:
        """The line of a gateway and lane: bulk must not take the places of what somebody waits for."""
        return self._lines.setdefault((gateway_id, lane), Line())

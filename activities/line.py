"""What all dispatches of a process through one gateway share: places, and what they learn of its health."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from activities.bulk_throttle import BulkThrottle
from activities.mails import Room
from domain.lanes import Lane
from domain.page import CONCURRENCY

FAILURES_TO_STOP = 5
"""Failures of the gateway itself, in a row, after which no more is launched."""
CLOSED_SECONDS = 5.0
"""How long nothing is launched then; the breaker in the database, which other processes see, takes over meanwhile."""

_BULK_LAUNCHERS = 2
"""One launches while the other waits for the database."""
_LOOK = 0.5
"""Seconds between two looks at whether a dispatch that waits for its turn is still wanted."""


class Line:
    """One gateway as seen by one lane of this process."""

    def __init__(
        self, places: int = CONCURRENCY, launchers: int | None = None, throttle: BulkThrottle | None = None
    ) -> None:
        """``launchers``: how many dispatches launch messages at a time; ``None``: all of them, in turn.

        ``throttle``: what slows them down beside urgent messages; ``None``: nothing does.
        """
        self._launchers = asyncio.Semaphore(launchers) if launchers else None
        self.throttle = throttle
        self.places = asyncio.Semaphore(places)
        """For messages whose intent is written and whose outcome is not: what a crash would leave in doubt."""
        self.turn = asyncio.Lock()
        """Held while taking several places: who waits for its last one must not wait for others that do the same."""
        self.room = Room()
        """For the attachments of emails."""
        self.last_failure = ""
        self._failures = 0
        self._closed_until = 0.0

    @asynccontextmanager
    async def launching(self, given_up: Callable[[], bool]) -> AsyncIterator[None]:
        """Launch messages in this context, which begins when it is this dispatch's turn, or ``given_up`` says so."""
        if self._launchers is None:
            yield
            return
        while not given_up():
            try:
                async with asyncio.timeout(_LOOK):
                    await self._launchers.acquire()
            except TimeoutError:
                continue
            try:
                yield
            finally:
                self._launchers.release()
            return
        yield

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

    def __init__(self, throttle: BulkThrottle) -> None:
        self._throttle = throttle
        self._lines: dict[tuple[UUID, str], Line] = {}

    def line(self, gateway_id: UUID, lane: str) -> Line:
        """The line of a gateway and lane: bulk must not take the places of what somebody waits for.

        Pages of bulk launch in their order: taking turns they would all end at once, with none ready to follow.
        """
        key = (gateway_id, lane)
        if key not in self._lines:
            is_bulk = lane == Lane.BULK
            self._lines[key] = Line(launchers=_BULK_LAUNCHERS, throttle=self._throttle) if is_bulk else Line()
        return self._lines[key]

"""What all dispatches of a process through one gateway share: slots, pace, and the gateway's health."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from activities.dispatching.email_assembler import MemoryBudget
from activities.pacing.bulk_throttle import BulkThrottle
from activities.pacing.rate_slots import GatewayPace
from activities.pacing.slots import SlotPool
from domain.lanes import Lane
from domain.messages.page import CONCURRENCY

FAILURES_TO_STOP = 5
"""Failures of the gateway itself, in a row, after which no more is launched."""
CLOSED_SECONDS = 5.0
"""How long nothing is launched then; the breaker in the database, which other processes see, takes over meanwhile."""

WAITING = CONCURRENCY
"""Dispatches that may wait long for a slot: as many as there are slots. All others of a slow gateway leave the
process free for other gateways, and are retried."""
SLOW_SECONDS = 30.0
"""How long a gateway that did not answer at once is expected to be slow."""
_BULK_LAUNCHERS = 2
"""One launches while the other waits for the database."""
_BULK_WAITING = 4
"""Dispatches that may wait long until they launch: a process runs few bulk dispatches at once."""


class GatewaySlots:
    """One gateway as seen by one lane of this process."""

    def __init__(
        self,
        in_flight: int = CONCURRENCY,
        launchers: int | None = None,
        throttle: BulkThrottle | None = None,
        pace: GatewayPace | None = None,
    ) -> None:
        """``launchers``: how many dispatches launch messages at a time; ``None``: all of them, in turn.

        ``throttle``: what slows them down beside urgent messages; ``None``: nothing does. ``pace``: the gateway's, if
        it has other slots.
        """
        self._launchers = SlotPool(launchers, _BULK_WAITING) if launchers else None
        self.throttle = throttle
        self.pace = pace or GatewayPace()
        self.in_flight = SlotPool(in_flight, WAITING)
        """For messages with a written intent and no outcome: those that a crash would make ``unknown``."""
        self.memory = MemoryBudget()
        """For the attachments of emails."""
        self.last_failure = ""
        self._failures = 0
        self._closed_until = 0.0
        self._slow_until = 0.0

    @asynccontextmanager
    async def launching(self, given_up: Callable[[], bool], *, may_refuse: bool = False) -> AsyncIterator[None]:
        """Launch messages in this context, which begins when it is this dispatch's turn, or ``given_up`` says so.

        Raises:
            NoSlotFree: that would take long, and enough others wait; only if ``may_refuse``.
        """
        if self._launchers is None or not await self._launchers.take(1, given_up, may_refuse=may_refuse):
            yield
            return
        try:
            yield
        finally:
            self._launchers.give_back()

    @property
    def is_closed(self) -> bool:
        """Whether the gateway failed so often just now that nothing more shall be launched."""
        return time.monotonic() < self._closed_until

    @property
    def is_slow(self) -> bool:
        """Whether the gateway did not answer at once lately."""
        return time.monotonic() < self._slow_until

    def was_slow(self) -> None:
        """The gateway did not answer at once."""
        self._slow_until = time.monotonic() + SLOW_SECONDS

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


class SlotRegistry:
    """The slots of all gateways of a process."""

    def __init__(self, throttle: BulkThrottle) -> None:
        self._throttle = throttle
        self._slots: dict[tuple[UUID, str], GatewaySlots] = {}
        self._paces: dict[UUID, GatewayPace] = {}

    def of(self, gateway_id: UUID, lane: str, at_least: int = 0) -> GatewaySlots:
        """The slots of a gateway and lane: bulk must not take slots of transactional messages.

        Bulk pages launch in order: interleaved, they would all end at once, with none ready to follow.
        ``at_least``: what the connections of a gateway take that one process sends through.
        """
        key, size = (gateway_id, lane), max(CONCURRENCY, at_least)
        if key not in self._slots or self._slots[key].in_flight.size != size:
            pace = self._paces.setdefault(gateway_id, GatewayPace())
            is_bulk = lane == Lane.BULK
            self._slots[key] = (
                GatewaySlots(size, _BULK_LAUNCHERS, self._throttle, pace) if is_bulk else GatewaySlots(size, pace=pace)
            )
        return self._slots[key]

"""Writes outcomes to the database as they come, in batches."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from activities.pacing.gateway_slots import GatewaySlots
from store.messages import attempts

Write = Callable[[list[attempts.Attempted]], Awaitable[None]]


_GATHER = 0.01
"""Seconds that an outcome waits for others while sends are in flight: one statement is cheaper than ten."""


class OutcomeLog:
    """Hands outcomes to ``write``, one call at a time, and bounds how many messages are without a written outcome.

    ::

        async with OutcomeLog(write, slots) as log:
            await log.take_slots(2, given_up)  # before intents are written
            log.add(attempted)                  # gives a slot back once it is written
    """

    def __init__(self, write: Write, slots: GatewaySlots) -> None:
        self._write = write
        self._slots = slots
        self._taken = 0
        self._ready: list[attempts.Attempted] = []
        self._wake = asyncio.Event()
        self._closed = False
        self.broken: BaseException | None = None
        """Why nothing can be written any more. The slots stay free, so that nothing waits for ever."""

    async def take_slots(self, count: int, given_up: Callable[[], bool], *, may_refuse: bool = False) -> bool:
        """Wait until this many more messages may be without a written outcome. Returns whether they may.

        Raises:
            NoSlotFree: that would take long, and enough others wait; only if ``may_refuse``.
        """
        is_taken = await self._slots.in_flight.take(count, given_up, may_refuse=may_refuse)
        if is_taken:
            self._taken += count
        return is_taken

    def give_back(self, count: int = 1) -> None:
        """Return slots of messages that were not sent."""
        self._taken -= count
        self._slots.in_flight.give_back(count)

    def add(self, attempted: attempts.Attempted) -> None:
        """Have an outcome written."""
        self._ready.append(attempted)
        self._wake.set()

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._write_as_they_come())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write all added outcomes, also when the dispatch was cancelled."""
        self._closed = True
        self._wake.set()
        await asyncio.shield(self._writing)
        self.give_back(self._taken)  # of messages that were not sent
        if self.broken is not None and error is None:
            raise self.broken

    async def _write_as_they_come(self) -> None:
        while self._ready or not self._closed:
            await self._wake.wait()
            self._wake.clear()
            if len(self._ready) < self._taken and not self._closed:
                await asyncio.sleep(_GATHER)
            batch, self._ready = self._ready, []
            if batch and self.broken is None:
                try:
                    await self._write(batch)
                except Exception as error:  # a bug: the dispatch ends with it, once its sends have ended
                    self.broken = error
            self.give_back(len(batch))

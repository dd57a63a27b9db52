"""Throttles bulk: dispatches of urgent messages report their queue delays; bulk dispatches read them, and pause.

They may run in different processes; Postgres is what all of them share.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from uuid import uuid4

from domain.bulk_throttle import RECENT, DelayFigures, DutyCycle, QueueDelays, slowdown
from store import queue_delays
from store.pool import DB_UNAVAILABLE, Pool

BEAT = 1.0
"""Seconds between two reports, and between two reads."""
_LONGEST = 0.1
"""Seconds of a slice's work that count: a longer slice waits for its gateway, which uses no CPU."""
_LONGEST_REST = 2.0
"""Seconds: however many dispatches pause, each ends within its time."""
_LOOK = 0.1
"""Seconds between two checks whether a pause was given up."""


class BulkThrottle:
    """One process's part in it: reporting and pausing."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._id = uuid4()
        self._delays = QueueDelays()
        self._reported_at = 0.0
        self._reporting: asyncio.Task[None] | None = None
        self._duty = DutyCycle()
        self._looked_at = 0.0
        self._free_at = 0.0
        """When the next slice of any dispatch may start."""

    def began(self, accepted_at: float) -> None:
        """A dispatch starts messages that were accepted at this time (Unix seconds) and were delayed only by load."""
        now = time.monotonic()
        self._delays.add(time.time() - accepted_at, now)
        if now < self._reported_at + BEAT:
            return
        self._reported_at = now
        if (figures := self._delays.figures(now)) is not None:
            self._reporting = asyncio.create_task(self._report(figures))  # not to delay the dispatch

    async def _report(self, figures: DelayFigures) -> None:
        with suppress(*DB_UNAVAILABLE):
            await queue_delays.publish(self._pool, self._id, figures)

    async def rest(self, begun: float, sends: Collection["asyncio.Task[None]"], given_up: Callable[[], bool]) -> None:
        """After a slice of bulk that began at ``begun`` (monotonic seconds): wait until the next one may begin.

        Those of the whole process begin one after the other, in the time that one takes to work, divided by the duty.
        """
        await self._look()
        if self._duty.share == 1.0 or not sends:
            return
        await asyncio.wait(sends, timeout=_LONGEST)
        ended = time.monotonic()
        begins = min(max(ended, self._free_at), ended + _LONGEST_REST)
        self._free_at = begins + min(ended - begun, _LONGEST) / self._duty.share
        while (pause := begins - time.monotonic()) > 0 and not given_up():
            if self._duty.share == 1.0:
                return
            await asyncio.sleep(min(pause, _LOOK))

    async def _look(self) -> None:
        now = time.monotonic()
        if now < self._looked_at + BEAT:
            return
        if now > self._looked_at + RECENT:  # no recent bulk: start afresh
            self._duty = DutyCycle()
        self._looked_at = now
        with suppress(*DB_UNAVAILABLE):  # keep the old figures
            self._duty.adapt(slowdown(await queue_delays.recent(self._pool, RECENT)))

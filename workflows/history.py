"""Time and length of a history, told so that a replay finds the same.

A status query makes the server hand out a new workflow task while a local activity runs. The live run sees that task's
time and event number, and hears of the result in it; a replay hears of it in the task before. So where there are local
activities (decision 0014)

- nothing is decided by ``workflow.time()`` or by the history's length;
- nothing is cancelled because of what one returned: begun and cancelled in one task, it leaves no trace in a replay.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from temporalio import workflow

NEVER = float("inf")

_SHORTEST = 0.001
"""Seconds of a timer whose time is past: whether there is a timer must not depend on the time of day."""


def wants_fresh_run() -> bool:
    """Whether the server says that the history is long: for workflows without local activities."""
    return workflow.info().is_continue_as_new_suggested()


class RecordedClock:
    """The latest time that the history tells: when the run started, what activities returned, which timers ended.

    It may be behind, never ahead. ``recorded=False`` is for histories of old, which were made by ``workflow.time()``.
    """

    def __init__(self, *, recorded: bool) -> None:
        self._recorded = recorded
        self._timers: set[float] = set()
        """Those that run, by the times at which they end."""
        self._ticking: list[asyncio.Task[None]] = []
        self._latest = workflow.info().workflow_start_time.timestamp()  # start_time is that of the first activation

    def now(self) -> float:
        """Unix seconds."""
        return self._latest if self._recorded else workflow.time()

    def saw(self, at: float) -> None:
        """An activity returned this time (Unix seconds)."""
        self._latest = max(self._latest, at)

    async def until(self, at: float, condition: Callable[[], bool]) -> None:
        """Wait for a condition, until ``at`` (Unix seconds) at the longest."""
        if not self._recorded:
            with suppress(TimeoutError):
                await workflow.wait_condition(condition, timeout=None if at == NEVER else at - workflow.time())
            return

        def over() -> bool:
            return condition() or self._latest >= at

        while not over():
            if at != NEVER and not self._ticks_before(at):
                self._timers.add(at)
                self._ticking.append(asyncio.create_task(self._tick(at)))
            await workflow.wait_condition(lambda: over() or (at != NEVER and not self._ticks_before(at)))

    def _ticks_before(self, at: float) -> bool:
        return any(earlier <= at for earlier in self._timers)

    async def _tick(self, at: float) -> None:
        # A timer's length is not compared in a replay, only that there is one. It is left to run, whatever comes.
        await workflow.sleep(max(_SHORTEST, at - workflow.time()))
        self._timers.discard(at)
        self.saw(at)


async def wait_at_most(seconds: float, condition: Callable[[], bool]) -> None:
    """Wait for a condition, for so long at the most, by a timer that is left to run."""
    ticking = asyncio.create_task(workflow.sleep(seconds))
    await workflow.wait_condition(lambda: condition() or ticking.done())


class EventCount:
    """About how many events a run has made, by what it did."""

    def __init__(self, limit: int, *, recorded: bool) -> None:
        self._limit = limit
        self._recorded = recorded
        self._count = 0

    def add(self, events: int) -> None:
        """Something was done that makes about so many events."""
        self._count += events

    def reached(self, times: int = 1) -> bool:
        """Whether the limit was reached, or so many times it."""
        if self._recorded:
            return self._count >= times * self._limit
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self._limit

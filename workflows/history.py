"""Time and length of a history, told so that a replay finds the same.

A status query makes the server hand out a new workflow task while a local activity runs. The live run sees that task's
time and event number; a replay does not, because the history shows the activity's result in the task before. So nothing
may be decided by ``workflow.time()`` or the history's length where there are local activities (decision 0014).
"""

from collections.abc import Callable

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
        self._latest = workflow.info().workflow_start_time.timestamp()  # start_time is that of the first activation

    def now(self) -> float:
        """Unix seconds."""
        return self._latest if self._recorded else workflow.time()

    def saw(self, at: float) -> None:
        """An activity returned this time (Unix seconds)."""
        self._latest = max(self._latest, at)

    async def until(self, at: float, condition: Callable[[], bool]) -> bool:
        """Wait for a condition, until ``at`` (Unix seconds) at the longest. Returns whether it came about."""
        if at == NEVER:
            await workflow.wait_condition(condition)
            return True
        seconds = at - workflow.time()  # a timer's length is not compared in a replay, only that there is one
        try:
            await workflow.wait_condition(condition, timeout=max(_SHORTEST, seconds) if self._recorded else seconds)
        except TimeoutError:
            self.saw(at)
            return False
        return True


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

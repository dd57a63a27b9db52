"""What keeps a workflow with local activities deterministic when its history is replayed.

A status query makes the server hand out a new workflow task while a local activity runs. The live run learns of its
result in that task, beside other events in it; a replay learns of it in the task before. So (decision 0014)

- nothing is decided by ``workflow.time()`` or by the history's length: ``RecordedClock``, ``EventCount``;
- external events (signals, timers, results of activities, ends of children) are put into the ``Inbox``, and
  taken out when nothing else is left to do: one local activity at a time, and nothing overtakes it;
- nothing is cancelled in the task in which it may have been scheduled: a replay would never see it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import workflow

NEVER = float("inf")

_SHORTEST = 0.001
"""Seconds of a timer whose time is past: whether a timer is started must not depend on the time of day."""

Step = Callable[[], Awaitable[None]]


def wants_fresh_run() -> bool:
    """Whether the server suggests continue-as-new: for workflows without local activities."""
    return workflow.info().is_continue_as_new_suggested()


class Inbox:
    """External events, in the order of their arrival."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._tasks: set[asyncio.Future[None]] = set()

    def put(self, step: Step) -> None:
        """Queue a step."""
        self._steps.append(step)

    def put_after(self, seconds: float, step: Step) -> None:
        """The same after a timer, which is never cancelled."""

        async def wait() -> None:
            await workflow.sleep(max(_SHORTEST, seconds))
            self.put(step)

        self.run(wait())

    def run(self, watching: Awaitable[None]) -> None:
        """Keep a reference to a task that puts steps into this inbox."""
        task = asyncio.ensure_future(watching)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Future[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.put(partial(_raise, error))

    async def take(self) -> None:
        """Wait for the next step, and run it."""
        await workflow.wait_condition(lambda: bool(self._steps))
        await self._steps.popleft()()

    async def empty(self) -> None:
        """Run all queued steps."""
        while self._steps:
            await self._steps.popleft()()


async def _raise(error: BaseException) -> None:
    raise error


class RecordedClock:
    """The latest time recorded in the history: the run's start, times that activities returned, timers that fired.

    It may be behind, never ahead.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._timers: set[float] = set()
        """Running timers, by the times at which they end."""
        self._latest = workflow.info().workflow_start_time.timestamp()  # start_time is that of the first task

    def now(self) -> float:
        """Unix seconds."""
        return self._latest

    def saw(self, at: float) -> None:
        """An activity returned this time (Unix seconds)."""
        self._latest = max(self._latest, at)

    def wake_at(self, at: float) -> None:
        """Queue a step at this time (Unix seconds)."""
        if at == NEVER or at in self._timers:
            return
        self._timers.add(at)
        # A timer's length is not compared in a replay, only that there is one.
        self._inbox.put_after(at - workflow.time(), partial(self._pass, at))

    async def _pass(self, at: float) -> None:
        self._timers.discard(at)
        self.saw(at)


class EventCount:
    """About how many events a run has made, by what it did."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0

    def add(self, events: int) -> None:
        """Count an action that makes about this many events."""
        self._count += events

    def reached(self, times: int = 1) -> bool:
        """Whether the limit, times ``times``, was reached."""
        return self._count >= times * self._limit

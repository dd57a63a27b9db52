"""Leader election: one process runs the install's periodic tasks; when it dies, another one takes over."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from runtime.tasks import cancel_and_wait
from store.leader_lock import LEADER, leader_lock
from store.pool import DB_UNAVAILABLE, Pool

log = structlog.get_logger()

TAKE_OVER_EVERY = 2.0
"""Seconds between two tries to become the leader."""
_PROVE_EVERY = 1.0
"""Seconds between two checks that the leader's connection, and with it the lock, still exists."""

_RETRY = 30.0
"""Seconds after which a task that failed is tried again, unless its own interval is shorter."""

_SELDOM = 60.0
_APART = 0.05
"""Seconds between the first starts of tasks that run each minute or less often: a new leader would else have dozens of
statements run at once, while messages are sent."""


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A task that runs periodically. It must be idempotent and safe to run concurrently."""

    name: str
    every: float
    """Seconds from its end to its next start."""
    work: Callable[[], Awaitable[object]]


async def repeat(task: PeriodicTask, after: float = 0.0) -> None:
    """Do a task until cancelled, at first after so many seconds. Errors do not end it; an error is logged once, until
    it changes or stops."""
    await asyncio.sleep(after)
    failing = ""
    while True:
        pause = task.every
        try:
            await task.work()
        except Exception as error:
            kind = type(error).__name__
            if kind != failing:
                unexpected = None if isinstance(error, DB_UNAVAILABLE) else error
                log.warning("maintenance task fails", task=task.name, error=f"{kind}: {error}", exc_info=unexpected)
            failing, pause = kind, min(task.every, _RETRY)
        else:
            if failing:
                log.info("maintenance task works again", task=task.name)
            failing = ""
        await asyncio.sleep(pause)


async def lead(pool: Pool, tasks: Sequence[PeriodicTask], role: int = LEADER) -> None:
    """Do the tasks of a role while this process holds it; until cancelled."""

    async def work() -> None:
        async with leader_lock(pool, role) as ours:
            if ours is not None:
                log.info("this worker has a role", tasks=[task.name for task in tasks])
                await _while_leader(ours, tasks)

    await repeat(PeriodicTask("take the role", TAKE_OVER_EVERY, work))


async def _while_leader(ours: Callable[[], Awaitable[bool]], tasks: Sequence[PeriodicTask]) -> None:
    seldom = [task for task in tasks if task.every >= _SELDOM]
    begins = {task: number * _APART for number, task in enumerate(seldom)}
    running = [asyncio.create_task(repeat(task, begins.get(task, 0.0)), name=task.name) for task in tasks]
    try:
        while True:
            await ours()
            await asyncio.sleep(_PROVE_EVERY)
    finally:
        await cancel_and_wait(*running)

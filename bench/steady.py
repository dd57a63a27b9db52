"""One-contact sends at a steady rate, to show what other work does to them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from bench.install import Install
from bench.load import Spread, run_at
from bench.record import seconds_until_recorded
from bench.tenant import contact, new_tenant

LONGEST = 300.0
"""Seconds after which sends beside other work end in any case."""

_R = TypeVar("_R")


async def beside(work: Awaitable[object], sends: Callable[[asyncio.Event], Coroutine[Any, Any, _R]]) -> _R:
    """Run ``work``, and beside it ``sends``, which gets the event of its end."""
    ended = asyncio.Event()

    async def run() -> None:
        try:
            await work
        finally:
            ended.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(run())
        measured = group.create_task(sends(ended))
    return measured.result()


async def steady_sends(install: Install, per_second: int, seconds: float, until: asyncio.Event | None = None) -> Spread:
    """The time from post to record of sends of a new tenant; none begins after ``until`` is set."""
    tenant = await new_tenant(install)
    begun: dict[UUID, float] = {}

    async def send(_: int) -> None:
        at = time.time()
        begun[(await tenant.send([contact()])).uids[0]] = at

    await run_at(send, [n / per_second for n in range(int(seconds * per_second))], until)
    return Spread.of(await seconds_until_recorded(install.pool, begun))

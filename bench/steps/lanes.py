"""One-contact sends while a large batch runs, beside the same when nothing else does."""

import asyncio
import time
from uuid import UUID

from bench.figure import Figure
from bench.install import Install
from bench.load import Spread, alternate, run_at
from bench.record import seconds_until_recorded, until_settled
from bench.steps.batch import SIZES
from bench.tenant import contact, list_of, new_tenant

_PER_SECOND = 10
_IDLE_SECONDS = 10.0
_LONGEST = 300.0


async def measure(install: Install, scale: float) -> list[Figure]:
    """p95 of post to record at a steady 10 sends a second, from the begin of the batch's post to its last message."""
    count = int(SIZES[-1] * scale)
    await _sends(install, 2.0, asyncio.Event())  # a warm-up
    during, idle = await alternate(
        lambda: _during_batch(install, count),
        lambda: _sends(install, max(2.0, _IDLE_SECONDS * scale), asyncio.Event()),
        lambda s: s.p95_ms,
    )
    return [
        Figure(
            f"p95 of one-contact sends while a batch of {count:,} runs",
            during.p95_ms,
            "ms",
            "The cores: the bulk worker gives way by its niceness; API, Postgres and engine serve both.",
            idle.p95_ms,
            "the same when idle",
            at_most=2,
        )
    ]


async def _during_batch(install: Install, count: int) -> Spread:
    tenant = await new_tenant(install)
    body = list_of(count)
    done = asyncio.Event()

    async def batch() -> None:
        try:
            await tenant.post_raw(body)
            await until_settled(tenant, count)
        finally:
            done.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(batch())
        measured = group.create_task(_sends(install, _LONGEST, done))
    return measured.result()


async def _sends(install: Install, seconds: float, until: asyncio.Event) -> Spread:
    tenant = await new_tenant(install)
    begun: dict[UUID, float] = {}

    async def send(_: int) -> None:
        at = time.time()
        begun[(await tenant.send([contact()])).uids[0]] = at

    await run_at(send, [n / _PER_SECOND for n in range(int(seconds * _PER_SECOND))], until)
    return Spread.of(await seconds_until_recorded(install.pool, begun))

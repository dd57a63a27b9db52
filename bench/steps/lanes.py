"""One-contact sends while a large batch runs, beside the same when nothing else does."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bench.figure import Figure
from bench.install import Install, running_sink
from bench.load import Run, Spread, alternate, median, rate
from bench.processes import CpuMeter
from bench.steady import LONGEST, beside, steady_sends
from bench.steps.batch import SIZES, SMALLEST, run_batch

_PER_SECOND = 5
"""Through each provider."""
_IDLE_SECONDS = 10.0


class _Both(NamedTuple):
    shared: Spread
    """Through the provider that the batch goes through."""
    own: Spread
    """Through one that the batch leaves alone."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """p95 of post to record at a steady 10 sends a second, from the begin of the batch's post to its last message."""
    count = max(SMALLEST, int(SIZES[-1] * scale))
    slowed: list[Run] = []
    async with running_sink(install.settings) as other_url:
        await _sends(install, other_url, 2.0, asyncio.Event())  # a warm-up
        during, idle = await alternate(
            lambda: _during_batch(install, other_url, count, slowed),
            lambda: _sends(install, other_url, max(2.0, _IDLE_SECONDS * scale), asyncio.Event()),
            lambda both: both.shared.p95_ms,
        )
    alone = [await _batch(install, count) for _ in slowed]
    return [
        Figure(
            f"p95 of one-contact sends while a batch of {count:,} runs",
            during.shared.p95_ms,
            "ms",
            "The provider's own queue (up to 64 of the batch's messages at a time, at one that answers one by one), "
            "then the cores: API, Postgres and engine serve both.",
            idle.shared.p95_ms,
            "the same when idle",
            at_most=2,
        ),
        Figure(
            "the same through a provider that the batch leaves alone",
            during.own.p95_ms,
            "ms",
            "The cores: the bulk worker gives way by its niceness; API, Postgres and engine serve both.",
            idle.own.p95_ms,
            "the same when idle",
        ),
        Figure(
            f"the batch of {count:,} beside them",
            median(slowed, rate).per_second,
            "messages/s",
            "It pauses while urgent messages wait longer than usual.",
            median(alone, rate).per_second,
            "the batch alone",
            at_least=0.6,
        ),
    ]


async def _batch(install: Install, count: int) -> Run:
    return await run_batch(install, count, CpuMeter(install.pids), [])


async def _during_batch(install: Install, other_url: str, count: int, batches: list[Run]) -> _Both:
    async def batch() -> None:
        batches.append(await _batch(install, count))

    return await beside(batch(), partial(_sends, install, other_url, LONGEST))


async def _sends(install: Install, other_url: str, seconds: float, until: asyncio.Event) -> _Both:
    shared, own = await asyncio.gather(
        *(
            steady_sends(replace(install, sink_url=url), _PER_SECOND, seconds, until)
            for url in (install.sink_url, other_url)
        )
    )
    return _Both(shared, own)

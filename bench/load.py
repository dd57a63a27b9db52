"""Running many of the same with a fixed number in flight."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Work = Callable[[int], Awaitable[object]]


@dataclass(frozen=True)
class Run:
    """One measured run."""

    per_second: float
    p50_ms: float
    p95_ms: float


async def run_in_flight(
    work: Work, count: int, in_flight: int, after: Callable[[], Awaitable[None]] | None = None
) -> Run:
    """Do ``work(0)`` … ``work(count - 1)``, ``in_flight`` of them at a time; ``after`` each, something untimed."""
    numbers = iter(range(count))
    times: list[float] = []

    async def lane() -> None:
        for number in numbers:
            begun = time.perf_counter()
            await work(number)
            times.append(time.perf_counter() - begun)
            if after is not None:
                await after()

    begun = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(in_flight)))
    wall = time.perf_counter() - begun
    cuts = statistics.quantiles(times, n=20) if len(times) > 1 else times * 19
    return Run(count / wall, statistics.median(times) * 1000, cuts[18] * 1000)


def median(runs: list[Run]) -> Run:
    """The run with the median p50; the number in flight being fixed, its rate is the median one too."""
    return sorted(runs, key=lambda run: run.p50_ms)[len(runs) // 2]

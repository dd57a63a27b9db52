"""Load: a fixed number in flight, or at fixed times; and alternating runs of baseline and product."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Work = Callable[[int], Awaitable[object]]

ROUNDS = 3

_R = TypeVar("_R")


@dataclass(frozen=True)
class Spread:
    """Distribution of durations."""

    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """The spread of these times."""
        cuts = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else list(seconds) * 19
        return cls(statistics.median(seconds) * 1000, cuts[18] * 1000)


@dataclass(frozen=True)
class Run:
    """One measured run."""

    per_second: float
    spread: Spread


async def run_in_flight(work: Work, count: int, in_flight: int) -> Run:
    """Do ``work(0)`` … ``work(count - 1)``, ``in_flight`` of them at a time."""
    numbers = iter(range(count))
    times: list[float] = []

    async def one_after_another() -> None:
        for number in numbers:
            begun = time.perf_counter()
            await work(number)
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))
    wall = time.perf_counter() - begun
    return Run(count / wall, Spread.of(times))


async def run_at(work: Work, moments: Sequence[float], until: asyncio.Event | None = None) -> None:
    """Start ``work(i)`` ``moments[i]`` seconds from now, whether or not earlier ones have ended; wait for all.

    Nothing new begins after ``until`` is set.
    """
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for number, moment in enumerate(moments):
            await asyncio.sleep(begun + moment - asyncio.get_running_loop().time())
            if until is not None and until.is_set():
                return
            group.create_task(_ignoring_result(work, number))


async def _ignoring_result(work: Work, number: int) -> None:
    await work(number)


async def in_turn(
    figure: Callable[[], Awaitable[_R]],
    floor: Callable[[], Awaitable[_R]],
    key: Callable[[_R], float],
    rounds: int = ROUNDS,
) -> tuple[_R, _R]:
    """A warm-up of both, then ``alternate``."""
    await floor()
    await figure()
    return await alternate(figure, floor, key, rounds)


async def alternate(
    figure: Callable[[], Awaitable[_R]],
    floor: Callable[[], Awaitable[_R]],
    key: Callable[[_R], float],
    rounds: int = ROUNDS,
) -> tuple[_R, _R]:
    """Floor and figure in turn, so many times: the median of each by ``key``."""
    floors, figures = [], []
    for _ in range(rounds):
        floors.append(await floor())
        figures.append(await figure())
    return median(figures, key), median(floors, key)


def median(runs: Sequence[_R], key: Callable[[_R], float]) -> _R:
    """The run whose ``key`` is the median one."""
    return sorted(runs, key=key)[len(runs) // 2]


def rate(run: Run) -> float:
    """Key: the rate per second."""
    return run.per_second


def p50(run: Run) -> float:
    """Key: the median duration in ms."""
    return run.spread.p50_ms

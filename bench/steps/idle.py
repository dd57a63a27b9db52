"""CPU of Temporal and Postgres while nothing is sent."""

import asyncio

from bench.figure import Figure
from bench.install import Install
from bench.processes import cpu_of_parts

_SECONDS = 10.0


async def measure(install: Install, scale: float) -> list[Figure]:
    """CPU of Temporal and Postgres with all workers polling, as a share of one core."""
    before = cpu_of_parts(install.pids)
    await asyncio.sleep(_SECONDS)
    after = cpu_of_parts(install.pids)
    share = sum(after[name] - before[name] for name in ("postgres", "temporal")) / _SECONDS
    return [
        Figure(
            "idle engine",
            share * 100,
            "% of a core",
            "Temporal's own timers, the workers' long polls and their sign of life every 3 s.",
            at_most=5,
        )
    ]

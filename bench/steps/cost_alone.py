"""CPU of sends over one connection without a pause, beside the floor workflow's, one at a time."""

from collections.abc import Mapping
from functools import partial

from bench.bare import run_floor_workflow
from bench.figure import Figure, listed
from bench.install import Install
from bench.load import in_turn, run_in_flight
from bench.processes import ALL_PARTS, CpuMeter
from bench.steps.end_to_end import run_sends

_SENDS = 400

Cost = Mapping[str, float]
"""Part → CPU seconds per 1,000."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Sends until the last one is recorded; a send follows the answer to the one before. Nothing is promised: what
    matters is how the figure changes from release to release."""
    count = max(20, int(_SENDS * scale))
    sends, floors = await in_turn(
        partial(_sends, install, count), partial(_floors, install, count), lambda cost: cost[ALL_PARTS]
    )
    parts = {name: seconds for name, seconds in sends.items() if name != ALL_PARTS}
    return [
        Figure(
            "one connection without a pause: CPU of all parts per 1,000",
            sends[ALL_PARTS],
            "s",
            f"Each has a page of its own. {listed(parts, 's')}",
            floors[ALL_PARTS],
            "floor workflow, one at a time",
        )
    ]


async def _sends(install: Install, count: int) -> Cost:
    cpu = CpuMeter(install.pids)
    await run_sends(install, 1, count, cpu, [])
    return cpu.per_thousand()


async def _floors(install: Install, count: int) -> Cost:
    cpu = CpuMeter(install.pids)

    async def floor(_: int) -> None:
        await run_floor_workflow(install)

    async with cpu.counting(count):
        await run_in_flight(floor, count, 1)
    return cpu.per_thousand()

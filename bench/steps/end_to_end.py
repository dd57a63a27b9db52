"""How fast one-contact sends reach the record, beside the floor workflow with the same number in flight."""

import time
from functools import partial

from bench.bare import FLOOR_WORKFLOW, run_floor_workflow
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, in_turn, rate, run_in_flight
from bench.processes import CpuMeter
from bench.record import until_settled
from bench.tenant import contact, new_tenant, read_answer
from domain.ids import page_of

_FLOORS = 300
_LOADS = ((16, 1_500, 4.0), (64, 3_000, 8.0))
"""Connections, sends, and how many times the floor's rate is promised."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """From the first post to the last message sent, recorded and paid; a connection posts again once it is answered."""
    figures = []
    for connections, sends, promised in _LOADS:
        figures += await _beside_floor(
            install, connections, max(connections, int(sends * scale)), max(connections, int(_FLOORS * scale)), promised
        )
    return figures


async def _beside_floor(install: Install, connections: int, sends: int, floors: int, promised: float) -> list[Figure]:
    cpu = CpuMeter(install.pids)
    answers: list[bytes] = []

    async def floor(_: int) -> None:
        await run_floor_workflow(install)

    run, beside = await in_turn(
        partial(run_sends, install, connections, sends, cpu, answers),
        partial(run_in_flight, floor, floors, connections),
        rate,
    )
    pages = {page_of(read_answer(answer).uids[0]) for answer in answers}
    load = f"one-contact sends, {connections} connections"
    return [
        Figure(
            f"{load}, post to record",
            run.per_second,
            "sends/s",
            "CPU: the engine's and the worker's for each page, shared by all that are in it, and the API's Python for "
            "each request.",
            beside.per_second,
            FLOOR_WORKFLOW,
            at_least=promised,
        ),
        Figure(
            f"{load}: sends that share a page",
            len(answers) / len(pages),
            "sends",
            "How many requests arrive while a start is in flight.",
        ),
        *(cpu.figures(load) if connections == _LOADS[-1][0] else []),
    ]


async def run_sends(install: Install, connections: int, count: int, cpu: CpuMeter, answers: list[bytes]) -> Run:
    """Post one-contact sends from a new tenant and wait for the last one; its spread is that of being accepted."""
    tenant = await new_tenant(install)

    async def send(_: int) -> None:
        answers.append(await tenant.post([contact()]))

    async with cpu.counting(count):
        begun = time.perf_counter()
        accepted = await run_in_flight(send, count, connections)
        await until_settled(tenant, count)
        return Run(count / (time.perf_counter() - begun), accepted.spread)

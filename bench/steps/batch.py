"""How fast large requests are, beside the bare HTTP client, and what they take while they run."""

import time
from collections.abc import Sequence
from uuid import UUID

from bench.bare import BARE_CLIENT, loop_bare_client
from bench.figure import Figure
from bench.install import Install
from bench.load import ROUNDS, Run, Spread, median, rate
from bench.memory import peak_rss_mib
from bench.processes import CpuMeter
from bench.record import until_settled
from bench.tenant import list_of, new_tenant, read_answer
from bench.waiting import until

SIZES = (10_000, 50_000)
SMALLEST = 600
"""Fewer contacts are a page, not a batch."""
_BOUND = "CPU: nearly half of it the bulk worker's one Python process, a quarter each Postgres and the engine."


async def measure(install: Install, scale: float) -> list[Figure]:
    """The bare client and a batch of each size in turn; then what the largest took."""
    sizes = [max(SMALLEST, int(size * scale)) for size in SIZES]
    cpu = CpuMeter(install.pids)
    runs: dict[int, list[Run]] = {size: [] for size in sizes}
    answers: list[bytes] = []
    bare: list[Run] = []
    await loop_bare_client(install, sizes[0])
    await run_batch(install, sizes[0], CpuMeter(install.pids), answers)
    for _ in range(ROUNDS):
        bare.append(await loop_bare_client(install, sizes[0]))
        for size in sizes:
            meter = cpu if size == sizes[-1] else CpuMeter(install.pids)
            runs[size].append(await run_batch(install, size, meter, answers))
    batches = {size: median(runs[size], rate) for size in sizes}
    return [
        *(figure for size in sizes for figure in _rate(size, batches[size], median(bare, rate))),
        *cpu.figures(f"batch of {sizes[-1]:,}"),
        _growth(sizes, [1000 / batches[size].per_second for size in sizes]),
        await _longest_history(install, read_answer(answers[-1]).batch),
        *_memory(install),
    ]


def _rate(size: int, run: Run, bare: Run) -> list[Figure]:
    name = f"batch of {size:,}"
    return [
        Figure(name, run.per_second, "messages/s", _BOUND, bare.per_second, BARE_CLIENT, at_least=0.8),
        Figure(f"{name}: until accepted", run.spread.p50_ms, "ms", "Reading and checking each contact, then COPY."),
    ]


def _growth(sizes: Sequence[int], ms: Sequence[float]) -> Figure:
    smaller, larger = ms
    return Figure(
        f"time per message, {sizes[1]:,} beside {sizes[0]:,}",
        larger,
        "ms",
        "Starting and ending, which the larger batch spreads over more messages; indexes grow with the tables.",
        smaller,
        "the smaller batch",
        at_most=1.15,
    )


async def run_batch(install: Install, count: int, cpu: CpuMeter, answers: list[bytes]) -> Run:
    """Post one batch from a new tenant and wait for its end; its spread is that of being accepted."""
    tenant = await new_tenant(install)
    body = list_of(count)
    async with cpu.counting(count):
        begun = time.perf_counter()
        answers.append(await tenant.post_raw(body))
        accepted = time.perf_counter() - begun
        await until_settled(tenant, count)
        wall = time.perf_counter() - begun
    return Run(count / wall, Spread.of([accepted]))


async def _longest_history(install: Install, uid: UUID | None) -> Figure:
    """Over all runs of the batch's workflow. Visibility lags a little: they are asked for until they are there."""
    workflow_id = f"batch-{uid}"

    async def longest() -> int:
        lengths = [0]
        async for run in install.temporal.list_workflows(f"WorkflowId = '{workflow_id}'"):
            handle = install.temporal.get_workflow_handle(workflow_id, run_id=run.run_id)
            lengths.append((await handle.describe()).history_length)
        return max(lengths)

    events = await until(longest, bool, within=30, pause=0.2)
    return Figure(
        "batch workflow's longest history", events, "events", "A few events for each page of 500.", at_most=2000
    )


def _memory(install: Install) -> list[Figure]:
    bound = "Pages in flight, in the worker's cache of workflows and on their way to the gateway."
    return [
        *(
            Figure(f"peak memory of {name}", peak_rss_mib(install.pids[name]), "MiB", bound, at_most=250)
            for name in ("worker", "bulk worker")
        ),
        Figure("peak memory of API", peak_rss_mib(install.pids["api"]), "MiB", "The largest request."),
    ]

"""How fast large requests are, beside the bare HTTP client, and what they take while they run."""

import time
from functools import partial
from uuid import UUID

from bench.bare import BARE_CLIENT, loop_bare_client
from bench.figure import Figure
from bench.install import Install
from bench.load import Run, Spread, in_turn, rate
from bench.processes import CpuMeter, peak_rss_mib
from bench.record import until_settled
from bench.tenant import list_of, new_tenant, read_answer
from bench.waiting import until

SIZES = (10_000, 50_000)
_BOUND = "CPU of the bulk worker's one Python process: bookkeeping and HTTP exchange of each message, beside Postgres."


async def measure(install: Install, scale: float) -> list[Figure]:
    """Batches of each size in turn with the bare client; then what the largest took."""
    figures: list[Figure] = []
    rates: list[float] = []
    answers: list[bytes] = []
    for size in SIZES:
        count = int(size * scale)
        cpu = CpuMeter(install.pids)
        run, bare = await in_turn(
            partial(run_batch, install, count, cpu, answers),
            partial(loop_bare_client, install, min(count, SIZES[0])),
            rate,
        )
        rates.append(run.per_second)
        name = f"batch of {count:,}"
        figures += [
            Figure(name, run.per_second, "messages/s", _BOUND, bare.per_second, BARE_CLIENT, at_least=0.8),
            Figure(f"{name}: until accepted", run.spread.p50_ms, "ms", "Reading and checking each contact, then COPY."),
            *cpu.figures(name),
        ]
    smaller, larger = rates
    return [
        *figures,
        Figure(
            "time per message, 50,000 beside 10,000",
            1000 / larger,
            "ms",
            "Starting and ending, which the larger batch spreads over more messages; indexes grow with the tables.",
            1000 / smaller,
            "the smaller batch",
            at_most=1.15,
        ),
        await _longest_history(install, read_answer(answers[-1]).batch),
        *_memory(install),
    ]


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

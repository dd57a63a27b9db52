"""What metrics and traces cost: one-contact sends to an install that has them, beside one that has neither."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import aiohttp

from bench.figure import Figure
from bench.install import NOTHING, Install, running_install, running_sink
from bench.load import in_turn, rate
from bench.processes import ALL_PARTS, CpuMeter
from bench.steps.end_to_end import run_sends
from runtime.traces.tracing import ENDPOINT

_CONNECTIONS = 64
_SENDS = 600
_ROUNDS = 15
"""Many short ones: three of 3,000 sends differ by 5 to 10 %."""
_EVERY = 5.0
"""Seconds between two scrapes: usual are 15 or more."""
_AS_PROMETHEUS = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
_LEAST = 0.97
_BOUND_BY = "Counting, Temporal's SDK which measures its calls, and the leader's look at the database"


async def measure(install: Install, scale: float) -> list[Figure]:
    """Each is counted in turns with the install without them, so that what else the machine does slows both down."""
    async with running_sink(install.settings) as collector:
        usual = {ENDPOINT: collector.rstrip("/")}
        return [
            await _beside(install, scale, "metrics", NOTHING, _LEAST),
            await _beside(install, scale, "metrics and traces of one of twenty", usual, _LEAST),
            await _beside(install, scale, "metrics and traces of all", usual | {"OTEL_TRACES_SAMPLER_ARG": "1"}),
        ]


async def _beside(
    install: Install, scale: float, what: str, more: Mapping[str, str], at_least: float | None = None
) -> Figure:
    sends = max(_CONNECTIONS, int(_SENDS * scale))
    async with running_install(serves_metrics=True, more=more) as measured, _scraping(measured):
        spent, spent_without = CpuMeter(measured.pids), CpuMeter(install.pids)
        served, without = await in_turn(
            partial(run_sends, measured, _CONNECTIONS, sends, spent, []),
            partial(run_sends, install, _CONNECTIONS, sends, spent_without, []),
            rate,
            _ROUNDS,
        )
    cpu = spent.per_thousand()[ALL_PARTS], spent_without.per_thousand()[ALL_PARTS]
    spans = ", and making, encoding and sending spans" if more else ""
    return Figure(
        f"one-contact sends, {_CONNECTIONS} connections, {what}, scraped every {_EVERY:g} s",
        served.per_second,
        "sends/s",
        f"{_BOUND_BY}{spans}. CPU of all parts: {cpu[0]:.2f} ms per send, without them {cpu[1]:.2f} ms.",
        without.per_second,
        "an install that has neither",
        at_least=at_least,
    )


@asynccontextmanager
async def _scraping(install: Install) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(headers=_AS_PROMETHEUS) as http, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_scrape(http, f"http://{address}/metrics")) for address in install.metrics]
        yield
        for task in tasks:
            task.cancel()


async def _scrape(http: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with http.get(url) as answer:
            answer.raise_for_status()
            await answer.read()
        await asyncio.sleep(_EVERY)

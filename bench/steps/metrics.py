"""What metrics cost: one-contact sends to an install that is scraped, beside one that serves none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import aiohttp

from bench.figure import Figure
from bench.install import Install, running_install
from bench.load import in_turn, rate
from bench.processes import CpuMeter
from bench.steps.end_to_end import run_sends

_CONNECTIONS = 64
_SENDS = 3_000
_EVERY = 5.0
"""Seconds between two scrapes: usual are 15 or more."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Both are counted in turns, so that what else the machine does slows both down."""
    sends = max(_CONNECTIONS, int(_SENDS * scale))
    async with running_install(serves_metrics=True) as scraped, _scraping(scraped):
        served, without = await in_turn(
            partial(run_sends, scraped, _CONNECTIONS, sends, CpuMeter(scraped.pids), []),
            partial(run_sends, install, _CONNECTIONS, sends, CpuMeter(install.pids), []),
            rate,
        )
    return [
        Figure(
            f"one-contact sends, {_CONNECTIONS} connections, metrics scraped every {_EVERY:g} s",
            served.per_second,
            "sends/s",
            "Counting, Temporal's SDK which measures its calls, and the leader's look at the database.",
            without.per_second,
            "an install that serves no metrics",
            at_least=0.97,
        )
    ]


@asynccontextmanager
async def _scraping(install: Install) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
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

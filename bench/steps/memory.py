"""Memory of the whole install: idle, at one-contact sends, and during a large batch."""

import asyncio
from collections.abc import Mapping
from functools import partial

from bench.figure import Figure, listed
from bench.install import Install
from bench.memory import peak_during, pss_of_parts
from bench.processes import CpuMeter
from bench.steps.batch import SIZES, SMALLEST, run_batch
from bench.steps.end_to_end import run_sends

_CONNECTIONS = 64
_SENDS = 3_000
_REST = 5.0
"""Seconds after the start of all parts, in which what that took is closed."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Of all processes of API, workers, engine and Postgres; not of sink and load generator."""
    sends, contacts = max(_CONNECTIONS, int(_SENDS * scale)), max(SMALLEST, int(SIZES[-1] * scale))
    send = partial(run_sends, install, _CONNECTIONS, cpu=CpuMeter(install.pids), answers=[])
    batch = partial(run_batch, install, cpu=CpuMeter(install.pids), answers=[])
    await asyncio.sleep(_REST)
    return [
        _figure("idle, just started", await asyncio.to_thread(pss_of_parts, install.pids), 450),
        _figure(f"one-contact sends, {_CONNECTIONS} connections", await peak_during(send(sends), install.pids), 650),
        _figure(f"batch of {contacts:,}", await peak_during(batch(contacts), install.pids), 750),
    ]


def _figure(load: str, parts: Mapping[str, float], promised: float) -> Figure:
    return Figure(f"memory, {load}", sum(parts.values()), "MiB", listed(parts, "MiB"), at_most=promised)

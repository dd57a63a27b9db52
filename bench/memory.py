"""Memory of process trees, from /proc."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from bench.processes import tree

_PAUSE = 0.5
"""Seconds between two looks: each takes CPU from what is looked at, as the kernel walks all pages."""


def peak_rss_mib(root: int) -> float:
    """The most resident memory that any one process of a tree has had, in MiB."""
    return max(_kib(pid, "status", "VmHWM:") for pid in tree(root)) / 1024


def pss_of_parts(pids: Mapping[str, int]) -> dict[str, float]:
    """Memory of each part now, in MiB; a page that n processes share counts for one n-th in each."""
    return {name: sum(_kib(pid, "smaps_rollup", "Pss:") for pid in tree(root)) / 1024 for name, root in pids.items()}


async def peak_during(work: Coroutine[Any, Any, object], pids: Mapping[str, int]) -> dict[str, float]:
    """Run ``work``; returns the memory of each part at the moment when all parts together had the most."""
    looks = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        while not task.done():
            looks.append(await asyncio.to_thread(pss_of_parts, pids))
            await asyncio.wait({task}, timeout=_PAUSE)
    return max(looks, key=lambda parts: sum(parts.values()))


def _kib(pid: int, file: str, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)

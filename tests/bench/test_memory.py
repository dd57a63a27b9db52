"""Memory of process trees: what a child has counts, and the most is kept."""

import asyncio
import os
import sys

from bench import memory

MIB = 1024 * 1024
HOLD = f"block = b'x' * {64 * MIB}; print(flush=True); input()"


async def test_the_memory_of_a_tree_includes_its_children():
    alone = memory.pss_of_parts({"tests": os.getpid()})["tests"]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        await child.stdout.readline()
        parts = memory.pss_of_parts({"tests": os.getpid(), "child": child.pid})
    finally:
        await child.communicate(b"\n")
    assert parts["child"] > 64
    assert parts["tests"] > alone + 60


async def test_the_peak_is_that_of_all_parts_together(monkeypatch):
    seen = [{"api": 1.0, "worker": 9.0}, {"api": 8.0, "worker": 4.0}, {"api": 2.0, "worker": 2.0}]
    looks = iter(seen)
    last = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(pids: dict[str, int]) -> dict[str, float]:
        parts = next(looks)
        if parts is seen[-1]:
            loop.call_soon_threadsafe(last.set)
        return parts

    monkeypatch.setattr(memory, "pss_of_parts", look)
    monkeypatch.setattr(memory, "_PAUSE", 0.01)
    assert await memory.peak_during(last.wait(), {}) == seen[1]

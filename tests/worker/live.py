"""Watching worker processes: which live, and which serve."""

import asyncio
from collections.abc import Callable, Sequence

import psutil

from store.pool import Pool

Start = Callable[..., psutil.Popen]
"""The fixture ``start``: run ``xsender worker`` with these arguments."""


def alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for it."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def signed_in(pool: Pool) -> set[int]:
    """Process ids of the workers that have a row."""
    async with pool.connection() as conn:
        query = "select split_part(id, ':', 2)::int from workers where id like '%:%:%'"
        rows = await (await conn.execute(query)).fetchall()
        return {pid for (pid,) in rows}


async def serving(pool: Pool, find: Callable[[], Sequence[psutil.Process]], count: int) -> list[psutil.Process]:
    """Those found, once so many of them live and serve."""
    async with asyncio.timeout(60):
        while True:
            pids = await signed_in(pool)
            found = [process for process in find() if process.pid in pids and alive(process)]
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)

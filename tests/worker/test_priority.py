"""Who makes way for whom."""

import os
from pathlib import Path

import psutil

from store.pool import Pool
from tests.worker.live import Start, serving
from worker.priority import NICE

OURS = os.nice(0)
"""What processes that the tests start begin with."""


async def test_workers_of_bulk_alone_make_way(start: Start, pool: Pool):
    parent = start("--queues", "xsender-bulk,xsender-bulk-dispatch", "--processes", "2")
    for worker in await serving(pool, parent.children, 2):
        assert thread_priorities(worker) == {OURS + NICE}
        assert session_priority(worker) in (NICE, None)
    assert parent.nice() == OURS


async def test_a_worker_of_both_lanes_does_not(start: Start, pool: Pool):
    worker = start("--queues", "xsender,xsender-dispatch,xsender-bulk,xsender-bulk-dispatch")
    await serving(pool, lambda: [worker], 1)
    assert thread_priorities(worker) == {OURS}


def thread_priorities(process: psutil.Process) -> set[int]:
    """Nice values: Linux keeps one for each thread."""
    stats = [stat.read_text() for stat in Path(f"/proc/{process.pid}/task").glob("*/stat")]
    return {int(stat.rpartition(")")[2].split()[16]) for stat in stats}


def session_priority(process: psutil.Process) -> int | None:
    """The weight of the whole session among others, from a line such as "/autogroup-7 nice 10"."""
    session = Path(f"/proc/{process.pid}/autogroup")
    return int(session.read_text().split()[2]) if session.exists() else None

"""``xsender worker --processes N``: real processes, killed and stopped in every way."""

import asyncio
import signal
import sys

import psutil
import pytest

from store.pool import Pool
from tests.worker.live import Start, alive, serving, signed_in, until
from worker.build import DRAIN
from worker.processes import STOP_WITHIN

QUEUES = ("--queues", "xsender,xsender-dispatch")


async def test_each_process_is_a_worker_and_one_that_is_killed_is_replaced(start: Start, pool: Pool):
    parent = start(*QUEUES, "--processes", "2")
    first, second = await serving(pool, parent.children, 2)
    for child in (first, second):
        assert child.cmdline()[1].endswith("xsender")
        assert child.cmdline()[2:] == ["worker", *QUEUES]
    first.kill()
    await until(lambda: not alive(first))
    replaced = await serving(pool, parent.children, 2)
    assert second in replaced
    assert first not in replaced


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_to_the_parent_ends_all_cleanly(start: Start, pool: Pool, number: signal.Signals):
    parent = start(*QUEUES, "--processes", "2")
    children = await serving(pool, parent.children, 2)
    parent.send_signal(number)
    assert parent.wait(40) == 0
    assert not any(map(alive, children))
    assert not await signed_in(pool) & {child.pid for child in children}, "a worker did not leave, it was cut off"


async def test_no_process_outlives_a_killed_parent(start: Start, pool: Pool):
    parent = start(*QUEUES, "--processes", "2")
    children = await serving(pool, parent.children, 2)
    parent.kill()
    await until(lambda: not any(map(alive, children)))


async def test_one_process_needs_no_parent(start: Start, pool: Pool):
    alone = start(*QUEUES)
    await serving(pool, lambda: [alone], 1)
    assert alone.children() == []
    alone.terminate()
    assert alone.wait(40) == 0


async def kept(child: str, before: str = "") -> asyncio.subprocess.Process:
    """A parent of two processes that run the Python program ``child``; impatient, for the test's sake."""
    program = f"""
import asyncio, sys
from worker import processes
processes._FIRST_PAUSE = 0.001
{before}
asyncio.run(processes.keep([sys.executable, "-c", {child!r}], [{{}}, {{}}]))
"""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_processes_that_die_at_their_start_again_and_again_are_given_up():
    parent = await kept("raise SystemExit(3)")
    _, err = await asyncio.wait_for(parent.communicate(), 30)
    assert parent.returncode == 1
    assert b"died 8 times in a row at its start" in err


async def test_a_process_that_does_not_stop_is_killed_and_said():
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    parent = await kept(stubborn, before="processes.STOP_WITHIN = 0.2")
    assert parent.stdout is not None
    for _ in range(2):
        assert await asyncio.wait_for(parent.stdout.readline(), 30) == b"up\n"
    children = psutil.Process(parent.pid).children()
    parent.terminate()
    _, err = await asyncio.wait_for(parent.communicate(), 30)
    assert parent.returncode == 1
    assert b"did not stop" in err
    assert not any(map(alive, children))


def test_a_process_has_longer_to_stop_than_its_work_has_to_end():
    assert DRAIN.total_seconds() < STOP_WITHIN

"""Child processes that read requests: accounts take turns, and none computes forever."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from api.http.callers import connected
from api.http.errors import ApiError
from api.limits.offload import Offload


async def run(offload: Offload, account: int, work, *args):
    return await offload.run(account, 100, connected, work, *args)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def offload() -> AsyncIterator[Offload]:
    offload = Offload(longest=1.0)
    yield offload
    await offload.aclose()


async def test_what_computes_for_too_long_is_ended_and_harms_nobody_else(offload: Offload):
    endless = asyncio.create_task(run(offload, 1, pow, 7, 7**12))
    other = await run(offload, 2, os.getpid)
    with pytest.raises(ApiError, match="takes longer than 1 s") as refused:
        await endless
    assert (refused.value.status, refused.value.code) == (422, "too_heavy")
    assert await run(offload, 2, os.getpid) == other
    assert await run(offload, 1, sum, [1, 2]) == 3


async def test_a_child_that_has_nothing_to_do_is_ended_and_started_again_when_it_is_needed():
    offload = Offload(unused=0.2)
    first = await run(offload, 1, os.getpid)
    async with asyncio.timeout(20):
        while psutil.pid_exists(first):
            await asyncio.sleep(0.02)
    assert await run(offload, 1, os.getpid) != first
    await run(offload, 1, time.sleep, 0.5)  # not ended meanwhile
    await offload.aclose()


async def test_a_child_that_dies_takes_no_other_request_with_it(offload: Offload):
    sleeping = asyncio.create_task(run(offload, 2, time.sleep, 0.3))
    await asyncio.sleep(0)
    victim = await run(offload, 1, os.getpid)
    dying = asyncio.create_task(run(offload, 1, time.sleep, 60))
    await asyncio.sleep(0)
    os.kill(victim, signal.SIGKILL)
    with pytest.raises(ApiError) as refused:
        await dying
    assert refused.value.status == 503
    await sleeping
    assert await run(offload, 1, sum, [1, 2]) == 3


async def test_heavy_requests_of_one_account_do_not_hold_up_another(offload: Offload):
    heavy = [asyncio.create_task(run(offload, 1, time.sleep, 0.4)) for _ in range(4)]
    await asyncio.sleep(0)
    assert await run(offload, 2, sum, [1, 2]) == 3
    assert sum(task.done() for task in heavy) <= 1
    for task in heavy:
        task.cancel()
    await asyncio.wait(heavy)
    assert await run(offload, 1, sum, [1, 2]) == 3


async def test_nothing_is_computed_for_a_caller_who_has_hung_up_while_it_waited(offload: Offload):
    async def gone() -> bool:
        return True

    busy = asyncio.create_task(run(offload, 1, time.sleep, 0.8))
    await asyncio.sleep(0)
    with pytest.raises(ApiError, match="hung up"):
        await offload.run(1, 100, gone, os.getpid)
    await busy

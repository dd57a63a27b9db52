"""A workflow goes on in the order of its history, though it was asked before a worker had the task with its events."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from services import workflow_calls as asking
from services.workflow_calls import WorkflowUnresponsive, query_workflow
from tests.worker.ordered import TIMER_SECONDS, Ordered

Run = Callable[[], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def queue() -> str:
    return f"ordered-{uuid4()}"


@pytest_asyncio.fixture
async def client(settings) -> Client:
    return await Client.connect(settings.temporal_address)


@pytest_asyncio.fixture
async def run_worker(settings, queue) -> AsyncIterator[Run]:
    """Start a worker in a process of its own."""
    started: list[asyncio.subprocess.Process] = []

    async def run() -> asyncio.subprocess.Process:
        arguments = ("-m", "tests.worker.ordered", settings.temporal_address, queue)
        started.append(await asyncio.create_subprocess_exec(sys.executable, *arguments))
        return started[-1]

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
def patient(monkeypatch) -> None:
    """Who asks waits longer than for a dead worker."""
    monkeypatch.setattr(asking, "QUERY_SECONDS", 30.0)
    monkeypatch.setattr(asking, "_QUERY_TIMEOUT", timedelta(seconds=30))


async def tasks_handed_out(handle: WorkflowHandle) -> int:
    history = await handle.fetch_history()
    return sum(event.HasField("workflow_task_completed_event_attributes") for event in history.events)


async def until_it_waits(handle: WorkflowHandle) -> None:
    async with asyncio.timeout(20):
        while not await tasks_handed_out(handle):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("is_one_later", [True, False], ids=["one comes later", "nothing comes later"])
async def test_who_asks_while_a_worker_is_replaced_does_not_change_the_order(
    client: Client, queue: str, run_worker: Run, patient: None, is_one_later: bool
):
    first = await run_worker()
    handle = await client.start_workflow(Ordered.run, id=queue, task_queue=queue)
    await until_it_waits(handle)
    begun = time.monotonic()
    first.kill()
    await first.wait()
    await run_worker()
    # The question waits for the dead worker, then goes to the living one; meanwhile the timer ends and a signal comes,
    # and their task waits for the dead worker in its turn.
    await asyncio.sleep(max(0.0, begun + TIMER_SECONDS - 2.5 - time.monotonic()))
    question = asyncio.create_task(query_workflow(client, queue, "came", answer=list[str]))
    await asyncio.sleep(max(0.0, begun + TIMER_SECONDS + 0.2 - time.monotonic()))
    await handle.signal(Ordered.come, "first" if is_one_later else "last")
    with pytest.raises(WorkflowUnresponsive):
        await question
    assert await tasks_handed_out(handle) == 1, "the task came before the question was answered"
    if is_one_later:
        await handle.signal(Ordered.come, "last")
    orders = [["first", "last", "timer"]] if is_one_later else [["last", "timer"]]
    if is_one_later and await tasks_handed_out(handle) > 1:  # a busy machine: it may have come too late to be with them
        orders.append(["first", "timer", "last"])
    assert await asyncio.wait_for(handle.result(), 20) in orders
    replayer = Replayer(workflows=[Ordered], workflow_runner=UnsandboxedWorkflowRunner())
    await replayer.replay_workflow(await handle.fetch_history())

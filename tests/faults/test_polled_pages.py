"""Pages that are asked about and changed at every moment of their lives still replay: any worker can take them over."""

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from domain.ids import page_of, send_workflow_id
from tests.faults.dev import Dev, running_dev
from tests.faults.promise import check_promise
from tests.faults.sink import running_sink
from tests.faults.size import POLLED_PAGES, SEED
from tests.stack import Stack, User
from workflows.send import SendWorkflow

SIZE = 20
"""Messages of a page, each with a time of its own: many short waits beside many statements."""
SPREAD = 4.0
"""Seconds over which the messages of a page are due."""
AT_A_TIME = 40
"""Pages that live side by side."""
POLLERS = 12
CHANGERS = 4
WORKER_KILLS = 2


class Pages:
    """The pages of the test, and those that live just now."""

    def __init__(self) -> None:
        self.all: list[list[str]] = []
        self.live: list[list[str]] = []
        self.answers: Counter[str] = Counter()

    def any_message(self, dice: random.Random) -> str | None:
        return dice.choice(dice.choice(self.live)) if self.live else None


def soon(dice: random.Random, earliest: float, latest: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=dice.uniform(earliest, latest))).isoformat()


async def accepted(stack: Stack, user: User, dice: random.Random) -> list[str]:
    """A page of messages with times of their own; returns their uids."""
    contacts = [
        {"number": f"+1415555{i:04}", "body": "hi", "schedule_at": soon(dice, 0.2, SPREAD)} for i in range(SIZE)
    ]
    while True:
        with suppress(httpx.TransportError):
            answer = await stack.send(user, "sms", *contacts)
            if answer.status_code == 200:
                return [item["uid"] for item in answer.json()["data"]]
            assert answer.status_code == 503, answer.text
        await asyncio.sleep(0.2)


async def open_pages(stack: Stack, user: User, pages: Pages, dice: random.Random) -> None:
    """One page after the other, each left alone once all its messages have left."""
    while len(pages.all) < POLLED_PAGES:
        page: list[str] = []
        pages.all.append(page)
        page += await accepted(stack, user, dice)
        pages.live.append(page)
        await ended(stack, page)
        pages.live.remove(page)


async def ended(stack: Stack, page: list[str]) -> None:
    handle = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(page[0]))))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(RPCError, TimeoutError):
            await asyncio.wait_for(handle.result(), 20)
            return
    task = (await handle.describe()).raw_description.pending_workflow_task
    raise AssertionError(f"{handle.id} does not end; tries at its workflow task: {task.attempt}")


async def poll(client: Client, pages: Pages, dice: random.Random) -> None:
    """Status queries, as fast as they are answered."""
    while True:
        uid = pages.any_message(dice)
        if uid is None:
            await asyncio.sleep(0.05)
            continue
        handle = client.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
        with suppress(RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            await handle.query(
                "status",
                uid,
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=timedelta(seconds=2),
            )
            pages.answers["polled"] += 1


async def change(stack: Stack, user: User, pages: Pages, dice: random.Random) -> None:
    """Cancels and moves, of whatever message."""
    while True:
        await asyncio.sleep(dice.uniform(0, 0.05))
        uid = pages.any_message(dice)
        if uid is None:
            continue
        with suppress(httpx.TransportError):
            if dice.random() < 0.3:
                answer = await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)
            else:
                moved = {"schedule_at": soon(dice, -0.5, SPREAD)}
                answer = await stack.http.post(f"/api/sms/{uid}/reschedule", json=moved, headers=user.headers)
            assert answer.status_code in (200, 409, 503), answer.text
            pages.answers[f"changed {answer.status_code}"] += 1


async def kill_workers(dev: Dev, dice: random.Random) -> None:
    for _ in range(WORKER_KILLS):
        await asyncio.sleep(dice.uniform(6, 12))
        dev.kill("workers")


async def replay_failures(stack: Stack, pages: Pages) -> list[str]:
    replayer = Replayer(
        workflows=[SendWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=stack.temporal.data_converter,
    )
    failures = []
    for page in pages.all:
        handle = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(page[0]))))
        result = await replayer.replay_workflow(await handle.fetch_history(), raise_on_replay_failure=False)
        if result.replay_failure is not None:
            failures.append(f"{handle.id}: {str(result.replay_failure)[:300]}")
    return failures


@pytest.mark.fault
async def test_pages_that_are_polled_and_changed_all_the_time_replay(tmp_path):
    dice = random.Random(SEED)
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED))
        dev = await open_.enter_async_context(running_dev(tmp_path / "data"))
        stack = await open_.enter_async_context(dev.stack())
        user = await stack.user(1_000_000)
        await stack.gateway(user.id, "sms", "http", sink.config)
        pages = Pages()
        others = [asyncio.create_task(poll(stack.temporal, pages, random.Random(n))) for n in range(POLLERS)]
        others += [asyncio.create_task(change(stack, user, pages, random.Random(n))) for n in range(CHANGERS)]
        killing = asyncio.create_task(kill_workers(dev, dice))
        try:
            await asyncio.gather(*(open_pages(stack, user, pages, random.Random(n)) for n in range(AT_A_TIME)))
            await killing
        finally:
            for other in others:
                other.cancel()
            await asyncio.wait(others)
        assert [other for other in others if not other.cancelled()] == []

        failures = await replay_failures(stack, pages)
        assert failures == [], f"{len(failures)} of {len(pages.all)} pages fail replay"
        uids = [uid for page in pages.all for uid in page]
        states = {uid: (await stack.status(user, "sms", uid))["state"] for uid in uids}
        check_promise(sink, uids, states)
        print(f"{len(pages.all)} pages, {len(uids)} messages, {dict(pages.answers)}, {dict(Counter(states.values()))}")
        assert pages.answers["polled"] > len(pages.all)
        assert pages.answers["changed 200"] > 0

"""Pages that are asked about and changed at every moment of their lives still replay: any worker can take them over."""

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from domain.ids import page_of, send_workflow_id
from tests.faults.dev import Dev
from tests.faults.promise import asked, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import POLLED_PAGES, SEED
from tests.no_answer import NO_ANSWER
from tests.stack import Stack, User
from workflows.send import SendWorkflow

SIZE = 20
"""Messages of a page, each with a time of its own: many short waits beside many statements."""
SPREAD = 4.0
"""Seconds over which the messages of a page are due; all but its last one, which nobody else moves: with it the page
waits until it was polled."""
POLLED = 2
"""Answers of a page before it may end."""
AT_A_TIME = 10
"""Pages that live side by side."""
POLLERS = 12
CHANGERS = 4
WORKER_KILLS = 2


class Pages:
    """The pages of the test, and those that live just now."""

    def __init__(self) -> None:
        self.all: list[list[str]] = []
        self.live: list[list[str]] = []
        self.polled: Counter[str] = Counter()
        """Answers, by the uid of the page's last message."""
        self.changed: Counter[int] = Counter()
        """Answers to changes, by status."""

    def any(self, dice: random.Random) -> list[str] | None:
        return dice.choice(self.live) if self.live else None


def soon(dice: random.Random, earliest: float, latest: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=dice.uniform(earliest, latest))).isoformat()


async def accepted(stack: Stack, user: User, dice: random.Random) -> list[str]:
    """A page of messages with times of their own; returns their uids."""
    due = [soon(dice, 0.2, SPREAD) for _ in range(SIZE - 1)] + [soon(dice, 3600, 3600)]
    contacts = [{"number": f"+1415555{i:04}", "body": "hi", "schedule_at": at} for i, at in enumerate(due)]
    while True:
        with suppress(*NO_ANSWER):
            answer = await stack.send(user, "sms", *contacts)
            if answer.status_code == 200:
                return [item["uid"] for item in answer.json()["data"]]
            assert answer.status_code == 503, answer.text
        await asyncio.sleep(0.2)


async def open_pages(stack: Stack, user: User, pages: Pages, dice: random.Random) -> None:
    """One page after the other, each left alone once it was polled and all its messages have left."""
    while len(pages.all) < POLLED_PAGES:
        page: list[str] = []
        pages.all.append(page)
        page += await accepted(stack, user, dice)
        pages.live.append(page)
        async with asyncio.timeout(240):
            while pages.polled[page[-1]] < POLLED:
                await asyncio.sleep(0.1)
        await send_now(stack, user, page[-1])
        await ended(stack, page)
        pages.live.remove(page)


async def send_now(stack: Stack, user: User, uid: str) -> None:
    """Move a message that waits to this moment, whatever is killed meanwhile."""
    now = {"schedule_at": datetime.now(UTC).isoformat()}
    while True:
        with suppress(*NO_ANSWER):
            answer = await stack.http.post(f"/api/sms/{uid}/reschedule", json=now, headers=user.headers)
            if answer.status_code != 503:  # 409: an earlier try, whose answer was lost, has moved it
                assert answer.status_code in (200, 409), answer.text
                return
        await asyncio.sleep(0.2)


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
        page = pages.any(dice)
        if page is None:
            await asyncio.sleep(0.05)
            continue
        uid = dice.choice(page)
        handle = client.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
        with suppress(RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            await handle.query(
                "status",
                uid,
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=timedelta(seconds=2),
            )
            pages.polled[page[-1]] += 1


async def change(stack: Stack, user: User, pages: Pages, dice: random.Random) -> None:
    """Cancels and moves, of whatever message."""
    while True:
        await asyncio.sleep(dice.uniform(0, 0.05))
        page = pages.any(dice)
        if page is None:
            continue
        uid = dice.choice(page[:-1])
        with suppress(*NO_ANSWER):
            if dice.random() < 0.3:
                answer = await stack.http.post(f"/api/sms/{uid}/cancel", headers=user.headers)
            else:
                moved = {"schedule_at": soon(dice, -0.5, SPREAD)}
                answer = await stack.http.post(f"/api/sms/{uid}/reschedule", json=moved, headers=user.headers)
            assert answer.status_code in (200, 409, 503), answer.text
            pages.changed[answer.status_code] += 1


async def kill_workers(dev: Dev, pages: Pages, dice: random.Random) -> None:
    """Each time once another share of the pages has begun."""
    for kill in range(1, WORKER_KILLS + 1):
        while len(pages.all) < POLLED_PAGES * kill // (WORKER_KILLS + 1):
            await asyncio.sleep(0.05)
        await asyncio.sleep(dice.uniform(0, SPREAD))
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
async def test_pages_that_are_polled_and_changed_all_the_time_replay(dev: Dev):
    dice = random.Random(SEED)
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED))
        stack = await open_.enter_async_context(dev.stack())
        user = await stack.user(1_000_000)
        await stack.gateway(user.id, "sms", "http", sink.config)
        pages = Pages()
        others = [asyncio.create_task(poll(stack.temporal, pages, random.Random(n))) for n in range(POLLERS)]
        others += [asyncio.create_task(change(stack, user, pages, random.Random(n))) for n in range(CHANGERS)]
        killing = asyncio.create_task(kill_workers(dev, pages, dice))
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
        rows = await asked(stack, "select uid::text, state from messages where account_id = %s", user.id)
        states = dict(rows)
        check_promise(sink, uids, states)
        told = {"polled": pages.polled.total(), "changed": dict(pages.changed), **Counter(states.values())}
        print(f"{len(pages.all)} pages, {len(uids)} messages, {told}")

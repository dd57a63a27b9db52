"""Somebody without a key reaches Temporal: starts workflows, signals and queries pages, calls activities."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

from domain.ids import new_page_id, page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from services.workflow_calls import change_workflow
from tests.abuse.target import Target
from tests.api.answers import deliveries, send_one
from tests.worker.strangers import UNREADABLE, page_of_admin, raw, start, without_a_key
from workflows.policy import BULK_QUEUE, CALLBACK_QUEUE, WORKFLOW_QUEUE

LATER = "2027-01-01T00:00:00Z"
PAUSE = 0.3
"""Seconds between two rounds: each workflow costs the Temporal server something, whoever starts it."""


async def waiting_message(target: Target) -> str:
    """The uid of a message that waits for its time, once the neighbour sends."""
    async with asyncio.timeout(60):
        while len(target._sends) < 20:
            await asyncio.sleep(0.1)
    user = await target.stack.user()
    await target.stack.gateway(user.id, "sms", "sandbox", {})
    return (await send_one(target.stack, user, schedule_at=LATER))["uid"]


def page(client: Client, uid: str) -> WorkflowHandle:
    return client.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))


async def test_who_reaches_temporal_without_a_key_sends_nothing_and_slows_nobody(target: Target):
    stack = target.stack
    stranger, uid = await without_a_key(stack.settings), await waiting_message(target)
    header, content = await page_of_admin(stack, uid)
    started: list[tuple[str, WorkflowHandle]] = []

    async def attack() -> None:
        page_id = new_page_id()
        new = replace(header, page_id=str(page_id))
        id_ = send_workflow_id(page_id)
        started.append((new.page_id, await start(stranger, "SendWorkflow", WORKFLOW_QUEUE, new, content, id_=id_)))
        await start(stranger, "SendWorkflow", BULK_QUEUE)
        await start(stranger, "CallbackWorkflow", CALLBACK_QUEUE, str(uuid4()))
        await asyncio.sleep(PAUSE)

    felt = await target.under("workflows started without a key", attack, 6)
    for page_id, handle in started:
        with suppress(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 10)
            raise AssertionError("it came to its end")
        assert await deliveries(stack, page_id) == []
    felt.check()


async def test_foreign_signals_and_queries_leave_a_page_alone_and_slow_nobody(target: Target):
    stack = target.stack
    stranger, uid = await without_a_key(stack.settings), await waiting_message(target)
    foreign, own = page(stranger, uid), page(stack.temporal, uid)

    async def attack() -> None:
        for payload in (ChangeRequest(str(uuid4()), uid, "cancel"), *map(raw, UNREADABLE.values())):
            await foreign.signal("change", payload)
            with suppress(WorkflowQueryFailedError, RPCError):
                await foreign.query("status", payload)
        await asyncio.sleep(PAUSE)

    felt = await target.under("foreign signals and queries to a page", attack, 6)
    assert await own.query("waits")
    await change_workflow(stack.temporal, own.id, ChangeRequest(str(uuid4()), uid, "cancel"))
    await asyncio.wait_for(own.result(), 10)
    felt.check()

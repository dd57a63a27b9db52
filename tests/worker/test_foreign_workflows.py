"""Who reaches Temporal without the install's key gets nothing sent, and stops nothing."""

import asyncio
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs
from temporalio.client import (
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.service import RPCError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from domain.ids import page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from services.workflow_calls import WorkflowUnresponsive, change_workflow, query_workflow
from store.pool import Pool
from tests.api.answers import deliveries, send_one
from tests.stack import Stack
from tests.worker.strangers import (
    UNREADABLE,
    own_worker,
    page_of_admin,
    raw,
    start,
    without_a_key,
)
from workflows.batch import BatchWorkflow
from workflows.callback import CallbackWorkflow
from workflows.policy import BULK_QUEUE, CALLBACK_QUEUE, DISPATCH_QUEUE, WORKFLOW_QUEUE
from workflows.receipts import ReceiptsWorkflow
from workflows.send import SendWorkflow

LATER = "2027-01-01T00:00:00Z"
FLOWS = [SendWorkflow, BatchWorkflow, ReceiptsWorkflow, CallbackWorkflow]


async def failed(handle: WorkflowHandle) -> None:
    """It ends soon, and as failed."""
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), 15)


async def live_page(stack: Stack) -> tuple[str, WorkflowHandle]:
    """A message that waits for its time, and its page."""
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user, schedule_at=LATER)
    handle = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(item["uid"]))))
    while not await handle.query("waits"):
        await asyncio.sleep(0.02)
    return item["uid"], handle


async def assert_it_goes_on(stack: Stack, uid: str, page: WorkflowHandle) -> None:
    """The page does what its owner wants, and its history replays."""
    await change_workflow(stack.temporal, page.id, ChangeRequest(str(uuid4()), uid, "cancel"))
    await asyncio.wait_for(page.result(), 15)
    converter = stack.temporal.data_converter
    replayer = Replayer(workflows=FLOWS, workflow_runner=UnsandboxedWorkflowRunner(), data_converter=converter)
    await replayer.replay_workflow(await page.fetch_history())


async def recorded(pool: Pool, uid: str) -> int:
    async with pool.connection() as conn:
        row = await (await conn.execute("select count(*) from messages where uid = %s", (uid,))).fetchone()
    assert row is not None
    return row[0]


async def test_a_page_that_is_started_without_the_key_sends_nothing_and_ends(stack: Stack):
    uid, _ = await live_page(stack)
    header, content = await page_of_admin(stack, uid)
    stranger = await without_a_key(stack.settings)
    page = send_workflow_id(UUID(header.page_id))
    with capture_logs() as logs:
        handle = await start(stranger, "SendWorkflow", WORKFLOW_QUEUE, header, content, id_=page)
        await failed(handle)
        with pytest.raises((WorkflowQueryFailedError, RPCError)):  # it is replayed
            await handle.query("waits")
    assert [entry["workflow"] for entry in logs if "did not start" in entry["event"]] == [page]
    assert await recorded(stack.pool, header.page_id) == 0
    assert await deliveries(stack, header.page_id) == []


@pytest.mark.parametrize(
    ("name", "queue", "arguments"),
    [
        ("SendWorkflow", WORKFLOW_QUEUE, []),
        ("SendWorkflow", BULK_QUEUE, [raw(UNREADABLE["reference"]), b""]),
        ("BatchWorkflow", BULK_QUEUE, [{"batch_id": str(uuid4())}]),
        ("BatchWorkflow", BULK_QUEUE, []),
        ("ReceiptsWorkflow", WORKFLOW_QUEUE, [{"channel": "sms", "gateways": []}, b"[]"]),
        ("ReceiptsWorkflow", WORKFLOW_QUEUE, []),
        ("CallbackWorkflow", CALLBACK_QUEUE, [str(uuid4())]),
        ("CallbackWorkflow", CALLBACK_QUEUE, []),
    ],
)
async def test_whatever_is_started_without_the_key_ends(stack: Stack, name, queue, arguments):
    await failed(await start(await without_a_key(stack.settings), name, queue, *arguments))


async def test_a_foreign_signal_does_nothing_to_a_live_page(stack: Stack, caplog):
    uid, page = await live_page(stack)
    foreign = (await without_a_key(stack.settings)).get_workflow_handle(page.id)
    await foreign.signal("change", ChangeRequest(str(uuid4()), uid, "cancel"))
    await foreign.signal("switch_gateway", "other")
    for payload in UNREADABLE.values():
        await foreign.signal("change", raw(payload))
    assert await page.query("waits")  # after the signals
    dropped = [record.getMessage() for record in caplog.records if "dropping the signal" in record.getMessage()]
    assert len(dropped) == 2 + len(UNREADABLE)
    assert all(page.id in line for line in dropped)
    await assert_it_goes_on(stack, uid, page)


async def test_a_foreign_query_or_update_is_refused_and_the_page_goes_on(stack: Stack):
    uid, page = await live_page(stack)
    foreign = (await without_a_key(stack.settings)).get_workflow_handle(page.id)
    for argument in (uid, *map(raw, UNREADABLE.values())):
        with pytest.raises(WorkflowQueryFailedError):
            await foreign.query("status", argument)
        with pytest.raises(WorkflowUpdateFailedError):
            await asyncio.wait_for(foreign.execute_update("cancel", argument), 10)
    await assert_it_goes_on(stack, uid, page)


async def test_an_activity_that_is_called_without_the_key_does_nothing(stack: Stack, caplog):
    stranger = await without_a_key(stack.settings)
    async with own_worker(stranger) as queue:
        for name, activities in (("dispatch", DISPATCH_QUEUE), ("deliver_callbacks", CALLBACK_QUEUE)):
            arguments = [name, activities, [str(uuid4())]]
            handle = await stranger.start_workflow("CallActivity", args=arguments, id=str(uuid4()), task_queue=queue)
            await failed(handle)
    refused = [record.exc_text for record in caplog.records if record.exc_text]
    assert sum("UnsealedPayload" in text for text in refused) == 2


async def test_a_foreign_answer_to_a_query_counts_as_none(stack: Stack):
    """Who polls our queues can answer in a worker's place."""
    stranger = await without_a_key(stack.settings)
    async with own_worker(stranger) as queue:
        handle = await start(stranger, "CallActivity", queue, "dispatch", "nobody-polls-this", [])
        with pytest.raises(WorkflowUnresponsive):
            await query_workflow(stack.temporal, handle.id, "__stack_trace", answer=str)
        await handle.terminate()


async def test_a_foreign_result_of_an_activity_ends_the_page_for_the_sweep_to_recover(stack: Stack):
    is_over = asyncio.Event()

    async def no_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await is_over.wait()
        writer.close()

    user, stranger = await stack.user(), await without_a_key(stack.settings)
    async with await asyncio.start_server(no_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = {"url": f"http://127.0.0.1:{port}/", "body": {}, "allow_private_network": True}
        await stack.gateway(user.id, "sms", "http", url)
        uid = UUID((await send_one(stack, user))["uid"])
        page = stack.temporal.get_workflow_handle(send_workflow_id(page_of(uid)))
        while not (pending := (await page.describe()).raw_description.pending_activities):
            await asyncio.sleep(0.02)
        activity = stranger.get_async_activity_handle(
            workflow_id=page.id, run_id=None, activity_id=pending[0].activity_id
        )
        await activity.complete({"again": []})
        await failed(page)
        is_over.set()


async def test_a_copy_of_a_sealed_start_sends_nothing_again(stack: Stack):
    """What is sealed is not bound to its workflow: the record is what makes every message leave once at most."""
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    uid = (await send_one(stack, user))["uid"]
    page = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
    await asyncio.wait_for(page.result(), 15)
    before = await deliveries(stack, uid)
    assert len(before) == 1
    started = (await page.fetch_history()).events[0].workflow_execution_started_event_attributes.input.payloads
    copy = await start(await without_a_key(stack.settings), "SendWorkflow", WORKFLOW_QUEUE, *map(raw, started))
    await asyncio.wait_for(stack.temporal.get_workflow_handle(copy.id).result(), 15)
    assert await deliveries(stack, uid) == before

"""Workflows that hang by a bug are found, reset, terminated and signalled, all that match at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import TerminatedError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.access.actors import COMMAND_LINE
from domain.errors import ConflictError, InvalidError, NotFoundError
from domain.ids import page_of, send_workflow_id
from runtime.search_attributes import attributes
from services.changes import change
from services.workflows.acting import Acted, act_on, begin
from services.workflows.effects import SIGNALS, TERMINATED
from services.workflows.finding import TYPES, Found, find
from services.workflows.planning import plan
from services.workflows.progress import Progress, progress, stop
from services.workflows.wanted import Wanted
from store.access.audit import Filter, page
from store.accounts import credits
from tests.looks import Looks
from tests.stack import Stack
from worker.replay.checking import types as workflow_types

IS_MENDED = asyncio.Event()
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


@workflow.defn(name="HangingWorkflow")
class Hanging:
    """Waits for a signal, and then meets a bug."""

    def __init__(self) -> None:
        self.woken = False

    @workflow.run
    async def run(self, fails: bool) -> str:
        await workflow.wait_condition(lambda: self.woken)
        if not IS_MENDED.is_set() and fails:
            raise RuntimeError("a bug")
        return "ended"

    @workflow.signal
    def wake(self) -> None:
        self.woken = True


@dataclass
class Install:
    stack: Stack
    queue: str
    type: str = "HangingWorkflow"
    handles: list[WorkflowHandle] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.stack.temporal

    async def start(self, account: int, *, fails: bool = True, woken: bool = True) -> WorkflowHandle:
        return await self.client.start_workflow(
            self.type,
            fails,
            id=f"hanging-{uuid4()}",
            task_queue=self.queue,
            start_signal="wake" if woken else None,
            search_attributes=attributes(channel="sms", account=account),
        )

    async def act(self, act: str, wanted: Wanted, *, apply: bool = True, **more: str) -> Acted:
        reason = more.pop("reason", "a bug")
        return await act_on(
            self.stack.pool, COMMAND_LINE, self.client, act, wanted, reason, more.get("signal"), is_dry=not apply
        )

    async def all_of(self, wanted: Wanted, number: int) -> Found:
        looks = Looks()
        async with asyncio.timeout(60):
            while True:
                with suppress(RPCError):  # Temporal may need longer than a caller waits
                    if len((found := await find(self.client, wanted, 10)).rows) == number:
                        return found
                await looks.pause()

    async def end_of(self, job: str | None) -> Progress:
        assert job is not None
        looks = Looks()
        async with asyncio.timeout(30):
            while (now := await progress(self.client, job)).state == "running":
                await looks.pause()
        return now


@pytest.fixture
async def install(stack: Stack) -> AsyncIterator[Install]:
    """With a worker whose workflows have a bug."""
    IS_MENDED.clear()
    queue = f"hanging-{uuid4()}"
    runner = UnsandboxedWorkflowRunner()
    async with Worker(stack.temporal, task_queue=queue, workflows=[Hanging], workflow_runner=runner):
        yield Install(stack, queue)
    IS_MENDED.set()


async def test_what_hangs_by_a_bug_is_found_and_after_the_mend_reset(install: Install):
    account = uuid4().int % 10**12
    hanging = [await install.start(account) for _ in range(2)]
    stuck = Wanted(type=install.type, channel="sms", account=str(account), statuses=("stuck",))
    found = await install.all_of(stuck, 2)
    assert [(one.type, one.status, one.workflows) for one in found.counts] == [(install.type, "stuck", 2)]
    assert {row.id for row in found.rows} == {handle.id for handle in hanging}
    assert {(row.status, row.channel, row.account, row.outcome) for row in found.rows} == {
        ("stuck", "sms", str(account), "")
    }
    assert found.rows[0].problem == "WorkflowTaskFailedCauseWorkflowWorkerUnhandledFailure"
    before = [(await handle.describe()).run_id for handle in hanging]
    dry = await install.act("reset", stuck, apply=False)
    assert (dry.workflows, dry.left, dry.job) == (2, 0, None)
    assert [(await handle.describe()).run_id for handle in hanging] == before, "a dry run changes nothing"
    IS_MENDED.set()
    begun = await install.act("reset", stuck)
    ended = await install.end_of(begun.job)
    assert (ended.state, ended.done, ended.failed, ended.reason) == ("done", 2, 0, "a bug")
    assert [await install.client.get_workflow_handle(handle.id).result() for handle in hanging] == ["ended"] * 2
    (event, *_) = await page(install.stack.pool, Filter(target=f"workflows:{begun.job}"), 2**63 - 1, 5)
    assert (event.action, event.event["reason"]) == ("workflows.reset", "a bug")
    assert event.event["metadata"] == {
        "filter": {"type": install.type, "channel": "sms", "account": str(account), "statuses": ["stuck"]},
        "workflows": 2,
    }
    with pytest.raises(ConflictError, match="has ended"):
        async with change(install.stack.pool, COMMAND_LINE, "workflows.stop") as made:
            await stop(made, install.client, str(begun.job), "x")


async def test_those_that_run_are_signalled_or_terminated(install: Install):
    account = uuid4().int % 10**12
    waiting = [await install.start(account, fails=False, woken=False) for _ in range(2)]
    wanted = Wanted(type=install.type, account=str(account))
    await install.all_of(wanted, 2)
    dry = await install.act("signal", wanted, signal="wake", apply=False)
    assert (dry.workflows, dry.job) == (2, None)
    ended = await install.end_of((await install.act("signal", wanted, signal="wake")).job)
    assert (ended.state, ended.done) == ("done", 2)
    assert [await handle.result() for handle in waiting] == ["ended"] * 2
    one = await install.start(account, woken=False)
    await install.all_of(replace(wanted, statuses=("running",)), 1)
    ended = await install.end_of((await install.act("terminate", wanted, reason="no use")).job)
    assert (ended.state, ended.done) == ("done", 1)
    with pytest.raises(WorkflowFailureError) as failure:
        await one.result()
    assert isinstance(failure.value.cause, TerminatedError)
    assert (await one.describe()).status == WorkflowExecutionStatus.TERMINATED
    await install.all_of(replace(wanted, statuses=("terminated",)), 1)
    undone = await install.act("reset", replace(wanted, statuses=("terminated",)))
    assert (await install.end_of(undone.job)).done == 1
    assert (await install.client.get_workflow_handle(one.id).describe()).status == WorkflowExecutionStatus.RUNNING
    again = await install.act("reset", replace(wanted, statuses=("terminated",)), apply=False)
    assert again.workflows == 0, "its id was started again since"
    nothing = await install.act("terminate", replace(wanted, started_before=datetime.now(UTC) - timedelta(days=1)))
    assert (nothing.workflows, nothing.job) == (0, None)


async def test_a_batch_operation_begins_once_for_a_key_however_often_it_is_tried(install: Install):
    account, key = uuid4().int % 10**12, uuid4()
    waiting = [await install.start(account, fails=False, woken=False) for _ in range(2)]
    wanted = Wanted(type=install.type, account=str(account))
    await install.all_of(wanted, 2)
    planned = await plan(install.client, "signal", wanted, "a bug", "wake", is_dry=False)
    for _ in range(2):
        async with change(install.stack.pool, COMMAND_LINE, "workflows.signal") as made:
            job = (await begin(made, install.client, planned, key)).job
        assert job == f"xsender-signal-{key}"
    assert (await install.end_of(job)).done == 2
    assert [await handle.result() for handle in waiting] == ["ended"] * 2
    async with change(install.stack.pool, COMMAND_LINE, "workflows.signal") as made:
        assert (await begin(made, install.client, planned, key)).job == job, "it has ended"


@pytest.mark.parametrize(
    ("act", "wanted", "said"),
    [
        ("reset", Wanted(channel="fax"), "There is no channel 'fax': use one of email, sms, whatsapp"),
        ("reset", Wanted(lane="fast"), "There is no lane 'fast'"),
        ("reset", Wanted(outcome="good"), "There is no outcome 'good'"),
        ("reset", Wanted(type="x' or 1 = 1"), "is not a type of workflows"),
        ("reset", Wanted(account="me@example.com"), "is not an account"),
        ("reset", Wanted(type="SendWorkflow", statuses=("gone",)), "There is no status 'gone'"),
        ("reset", Wanted(type="SendWorkflow", statuses=("running",)), "To reset workflows that are running is not"),
        ("reset", Wanted(type="SendWorkflow", statuses=("terminated",)), "SendWorkflow that was terminated cannot be"),
        ("terminate", Wanted(type="SendWorkflow", statuses=("failed",)), "To terminate workflows that are failed"),
        ("terminate", Wanted(statuses=("running",)), "Name what is meant"),
        ("signal", Wanted(type="SendWorkflow"), "SendWorkflow has no signal wake, only CallbackWorkflow"),
    ],
)
async def test_what_cannot_be_meant_is_refused(stack: Stack, act: str, wanted: Wanted, said: str):
    with pytest.raises((InvalidError, ConflictError), match=said):
        await act_on(stack.pool, COMMAND_LINE, stack.temporal, act, wanted, "a bug", "wake", is_dry=False)


async def test_a_reason_is_needed_and_a_job_must_exist(stack: Stack):
    wanted = Wanted(type="SendWorkflow")
    with pytest.raises(InvalidError, match="Give a reason"):
        await act_on(stack.pool, COMMAND_LINE, stack.temporal, "terminate", wanted, " ", is_dry=False)
    with pytest.raises(InvalidError, match="There is no signal 'change'"):
        await act_on(stack.pool, COMMAND_LINE, stack.temporal, "signal", wanted, "x", "change", is_dry=True)
    with pytest.raises(NotFoundError, match="no batch operation"):
        await progress(stack.temporal, "nothing")


def test_each_type_says_what_its_end_means_and_has_the_signals_that_are_offered():
    assert set(TERMINATED) == set(TYPES)
    known = {
        (name, flow.__name__)
        for flow in workflow_types()
        for name in workflow._Definition.must_from_class(flow).signals
    }
    assert {(name, type_) for name, types in SIGNALS.items() for type_ in types} <= known


async def test_a_page_that_goes_on_from_its_last_task_sends_and_charges_nothing_twice(stack: Stack):
    user = await stack.user(credit=10)
    label = uuid4().hex
    await stack.gateway(user.id, "sms", "sandbox", {"label": label})
    answer = await stack.send(user, "sms", {"number": "+12025550101", "body": "Hi"})
    uid = answer.json()["data"][0]["uid"]
    await stack.final(user, "sms", uid)
    workflow_id = send_workflow_id(page_of(UUID(uid)))
    first = stack.temporal.get_workflow_handle(workflow_id)
    await first.result()
    history = await first.fetch_history()
    task = max(event.event_id for event in history.events if event.event_type == TASK_COMPLETED)
    request = ResetWorkflowExecutionRequest(
        namespace=stack.temporal.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        reason="as a reset in bulk does",
        workflow_task_finish_event_id=task,
        request_id=str(uuid4()),
    )
    await stack.temporal.workflow_service.reset_workflow_execution(request)
    await stack.temporal.get_workflow_handle(workflow_id).result()
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from sandbox_messages where gateway = %s", (label,))
        assert await cursor.fetchone() == (1,)
    data = await stack.status(user, "sms", uid)
    assert data["state"] == "sent"
    wallet = (await credits.show(stack.pool, user.id))["sms"]
    assert (wallet.available, wallet.held, wallet.spent) == (9, 0, 1)

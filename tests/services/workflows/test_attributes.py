"""Workflows are found by what they were started with, and by an outcome only if it is a bad one."""

import asyncio
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

from domain.access.actors import COMMAND_LINE
from domain.ids import new_page_id, operation_workflow_id, page_of, send_workflow_id
from domain.messages.page import PageHeader
from runtime.search_attributes import attributes, missing, register
from runtime.temporal import connect
from services.doctor.engine import check_engine
from services.sending.start_page import start_page
from services.workflows.finding import find
from services.workflows.wanted import Wanted
from store.operations import operations
from tests.looks import Looks
from tests.stack import Stack
from worker.replay.checking import types as workflow_types
from worker.runners.runner import workflow_runner
from workflows.policy import start_options
from workflows.search.attributes import raise_outcome, show_outcome

UPSERTED = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
REFUSED, LOST = "+15005550001", "+15005550004"


async def found(client: Client, query: str, number: int = 1) -> list[WorkflowExecution]:
    """What Temporal's index has, as soon as it has so many."""
    looks = Looks()
    async with asyncio.timeout(30):
        while len(all_ := [one async for one in client.list_workflows(query)]) < number:
            await looks.pause()
    return all_


async def upserts(client: Client, workflow_id: str) -> int:
    """How many events its outcome took. It replays with them."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    replayer = Replayer(
        workflows=workflow_types(), workflow_runner=workflow_runner(), data_converter=client.data_converter
    )
    await replayer.replay_workflow(history)
    return sum(event.event_type == UPSERTED for event in history.events)


@pytest.mark.parametrize(("number", "outcome"), [("+12025550101", ""), (REFUSED, "failed"), (LOST, "unknown")])
async def test_a_send_is_found_and_costs_an_event_only_if_it_goes_wrong(stack: Stack, number: str, outcome: str):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    answer = await stack.send(user, "sms", {"number": number, "body": "Hi"})
    assert answer.status_code == 200, answer.text
    uid = answer.json()["data"][0]["uid"]
    await stack.final(user, "sms", uid)
    begun = f"XsenderChannel = 'sms' and XsenderLane = 'transactional' and XsenderAccount = '{user.id}'"
    clause = f"XsenderOutcome = '{outcome}'" if outcome else "XsenderOutcome is null"
    (page,) = await found(stack.temporal, f"{begun} and {clause} and ExecutionStatus = 'Completed'")
    assert page.id == send_workflow_id(page_of(UUID(uid)))
    assert await upserts(stack.temporal, page.id) == (1 if outcome else 0)
    listed = await find(stack.temporal, Wanted(account=str(user.id), outcome=outcome or None), 10)
    assert [one.id for one in listed.rows] == ([page.id] if outcome else []), "what completed well is not listed"


async def test_pages_of_a_batch_are_found_as_it_is(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    contacts = [{"number": f"+1202555{number:04}", "body": "Hi"} for number in range(501)]
    answer = await stack.send(user, "sms", *contacts)
    assert answer.status_code == 200, answer.text
    query = f"XsenderChannel = 'sms' and XsenderLane = 'bulk' and XsenderAccount = '{user.id}'"
    pages = await found(stack.temporal, f"{query} and WorkflowType = 'SendWorkflow'", 2)
    (batch,) = await found(stack.temporal, f"{query} and WorkflowType = 'BatchWorkflow'")
    assert {page.parent_id for page in pages} == {batch.id}


@workflow.defn(name="ShowingWorkflow")
class Showing:
    """Is found by one outcome after the other, as often as it is signalled."""

    def __init__(self) -> None:
        self.steps = 0

    @workflow.run
    async def run(self) -> None:
        raise_outcome("failed")
        raise_outcome("expired")
        await workflow.wait_condition(lambda: self.steps > 0)
        show_outcome("parked")
        show_outcome("parked")
        await workflow.wait_condition(lambda: self.steps > 1)
        show_outcome("")

    @workflow.signal
    def step(self) -> None:
        self.steps += 1


async def test_an_outcome_is_raised_to_a_worse_one_and_is_taken_back_if_asked(stack: Stack):
    queue, client = f"showing-{uuid4()}", stack.temporal
    worker = Worker(client, task_queue=queue, workflows=[Showing], workflow_runner=UnsandboxedWorkflowRunner())
    async with worker:
        handle, bare = [
            await client.start_workflow("ShowingWorkflow", id=f"showing-{uuid4()}", task_queue=queue, **more)
            for more in ({"search_attributes": attributes(lane="leads")}, {})
        ]
        for outcome in ("= 'failed'", "= 'parked'", "is null"):
            await found(client, f"WorkflowId = '{handle.id}' and XsenderLane = 'leads' and XsenderOutcome {outcome}")
            if outcome != "is null":
                await asyncio.gather(handle.signal("step"), bare.signal("step"))
        await asyncio.gather(handle.result(), bare.result())
    events = [[event.event_type for event in (await one.fetch_history()).events] for one in (handle, bare)]
    assert [types.count(UPSERTED) for types in events] == [3, 0], "what was started without gets none"


async def test_an_operation_that_fails_is_found_by_it(stack: Stack):
    operation = await operations.add(stack.pool, "unheard-of", COMMAND_LINE, {})
    query = "XsenderLane = 'operations' and XsenderOutcome = 'failed'"
    workflow_id = operation_workflow_id(operation.id)
    await found(stack.temporal, f"{query} and WorkflowId = '{workflow_id}' and ExecutionStatus = 'Completed'")


async def test_without_attributes_in_the_namespace_workflows_start_without_them(stack: Stack):
    name = f"bare-{uuid4().hex}"
    request = RegisterNamespaceRequest(namespace=name)
    request.workflow_execution_retention_period.FromSeconds(7 * 86400)
    await stack.temporal.workflow_service.register_namespace(request)
    client = await connect(stack.settings.model_copy(update={"temporal_namespace": name}))

    async def started() -> WorkflowExecution:
        page = PageHeader(str(new_page_id()), 7, "sms", 1)
        assert await start_page(client, page, b"", **start_options(page.lane, page.account_id))
        return await client.get_workflow_handle(send_workflow_id(UUID(page.page_id))).describe()

    with capture_logs() as logs:
        assert not (await started()).typed_search_attributes.search_attributes
        assert not (await started()).typed_search_attributes.search_attributes
    assert len(logs) == 1, "the second one is started without them at once"
    (finding,) = [one for one in await check_engine(client, stack.settings) if one.check.endswith("attributes")]
    assert finding.level == "warning"
    assert "XsenderChannel, XsenderLane, XsenderAccount, XsenderOutcome" in finding.message
    assert finding.fix is not None
    await finding.fix()
    await register(client)
    assert await missing(client) == []

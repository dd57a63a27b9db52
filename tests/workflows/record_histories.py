"""Records histories of the workflows for the replay test.

Run it when a release changes what a workflow does, and commit the new files beside the old ones (rename those first:
pages that were accepted before the release still replay theirs)::

    python -m tests.workflows.record_histories [NAME …]

The activities are scripted and the payloads are plain: there is no personal data in them and no key is needed.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.audience.campaigns.run import REST, CampaignRun, Part
from domain.automations.rest import Rest, RunStart
from domain.batches.batch import BatchPage, Stream
from domain.callbacks import CallbackRest
from domain.ids import automation_workflow_id, callback_workflow_id, new_page_id, operation_workflow_id
from domain.limits import AT_ONCE_LIMITS, BATCH_LIMITS, PAGE_LIMITS
from domain.messages.fallback import Awaited
from domain.messages.page import PageHeader, RouteRequest, Routing
from domain.messages.receipts import Applied, InboundResult, Reply, Share
from domain.operations.slices import OperationRest
from tests.workflows.batch_script import Batch, BatchScript, Gate, pages, start_batch, walking
from tests.workflows.campaign_script import CampaignScript, sending, until
from tests.workflows.conftest import TEST_SERVER
from tests.workflows.receipts_script import Posted, ReceiptsScript, post
from tests.workflows.script import Page, Script, acting, again, all_done, now, parked, paused, route, start, through
from workflows import policy
from workflows.automation import AutomationWorkflow
from workflows.callback import CallbackWorkflow
from workflows.operation import OperationWorkflow

FOLDER = Path(__file__).parent / "histories"
DAY = 86_400.0
Play = Callable[[WorkflowEnvironment], Awaitable[Page | Batch | Posted]]


async def plain(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        page = await start(env)
        await page.handle.result()
    return page


async def failover(env: WorkflowEnvironment) -> Page:
    """Down, parked, throttled, another gateway, and at last through."""
    routings = [through("a"), parked(30), through("a", probe=True), through("b")]
    dispatches = [again("gateway_down"), again("retry_later", 20), again("not_started"), all_done]
    async with acting(Script(env, routings=routings, dispatches=dispatches)):
        page = await start(env, size=50)
        await page.handle.result()
    return page


async def scheduled_cancelled(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        page = await start(env, size=2, due=[0.0, await now(env) + DAY])
        await page.until("schedule", 1)
        await page.cancel(1)
        await page.handle.result()
    return page


async def rescheduled(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        begun = await now(env)
        page = await start(env, size=2, due=[begun + DAY, begun + DAY])
        await page.until("schedule")
        await page.reschedule(begun + 2 * DAY)
        await page.reschedule(begun + DAY / 2, 1)
        await page.handle.result()
    return page


async def refused(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env, refused=[0])):
        page = await start(env)
        await page.handle.result()
    return page


async def fresh_run(env: WorkflowEnvironment) -> Page:
    """The second run of a page whose first became long."""
    async with acting(Script(env, dispatches=[again("retry_later", 60), all_done])):
        page = await start(env, size=2, limits=replace(PAGE_LIMITS, events=10))
        await page.handle.result()
    return Page(env, env.client.get_workflow_handle(page.handle.id), page.id)


def own_gateways(request: RouteRequest, at: float) -> Routing:
    """Each account's messages go through a gateway of their own."""
    shares = request.page.by_account(request.indexes).items()
    return Routing([route(request, f"g{account}", indexes=indexes) for account, indexes in shares])


async def shared(env: WorkflowEnvironment) -> Page:
    """Messages of two accounts, through a gateway each."""

    async with acting(Script(env, routings=[own_gateways])):
        page = await start(env, size=4, accounts=[7, 8, 7, 8])
        await page.handle.result()
    return page


async def at_once(env: WorkflowEnvironment) -> Page:
    """A page that is sent within its first workflow task."""
    async with acting(Script(env)):
        page = await start(env, size=3, limits=AT_ONCE_LIMITS)
        await page.handle.result()
    return page


async def at_once_in_part(env: WorkflowEnvironment) -> Page:
    """One gateway answers at once, one needs a dispatch, and one fails so that the next one is tried."""
    dispatches = [all_done, all_done, again("gateway_down"), all_done]
    routings = [own_gateways, through("b")]
    async with acting(Script(env, routings=routings, dispatches=dispatches, late=["g8"])):
        page = await start(env, size=6, accounts=[7, 8, 9, 7, 8, 9], limits=AT_ONCE_LIMITS)
        await page.handle.result()
    return page


async def steered(env: WorkflowEnvironment) -> Page:
    """A page that was paused, resumed and sent through another gateway."""
    async with acting(Script(env, routings=[parked(3600), through("b")])):
        page = await start(env, size=2)
        await page.until("gateway_breaker")
        await page.handle.signal("pause")
        await page.handle.signal("resume")
        await page.handle.signal("switch_gateway", "b")
        await page.handle.result()
    return page


async def gateway_paused(env: WorkflowEnvironment) -> Page:
    """A page whose gateway was paused, and resumed."""
    async with acting(Script(env, routings=[paused(), through("a")])):
        page = await start(env, size=2)
        await page.until("gateway_paused")
        await page.handle.signal("gateway_resumed")
        await page.handle.result()
    return page


async def fell_back(env: WorkflowEnvironment) -> Page:
    """A message that is heard of once, and then no more: its fallback is sent."""
    async with acting(Script(env, waits=[[0], [0], []])):
        page = await start(env, awaited=[Awaited(0, DAY)])
        await page.until("fallback")
        await page.handle.signal("reported", [page.uid()])
        await page.handle.result()
    return page


async def receipts(env: WorkflowEnvironment) -> Posted:
    """Receipts of which one comes too early, and a STOP with its confirmation."""
    answers = ReceiptsScript()
    script = Script(env, routings=[parked(3600), through()])
    async with acting(script, answers.apply_receipts, answers.hear):
        page = await start(env)
        await page.until("gateway_breaker")
        told = {str(page.id): [page.uid()]}
        answers.applied = [Applied([1], told), Applied()]
        answers.inbound = InboundResult(told, [Reply(PageHeader(str(new_page_id()), 7, "sms", 1, exempt=True), "{}")])
        posted = await post(env, inbound=True)
        await posted.handle.result()
        await page.handle.result()
    return posted


async def receipts_shared(env: WorkflowEnvironment) -> Posted:
    """Posts of two gateways that share a workflow: more than one transaction holds, and one receipt comes too early."""
    answers = ReceiptsScript([Applied([1], rest=[2, 3]), Applied(), Applied()])
    async with acting(Script(env), answers.apply_receipts, answers.hear):
        posted = await post(env, shares=[Share([str(new_page_id())], 2), Share([str(new_page_id())], 2)])
        await posted.handle.result()
    return posted


async def batch(env: WorkflowEnvironment) -> Batch:
    """Two streams, one of them with pages that are due later; paused, resumed, re-routed."""
    due = await now(env) + DAY
    listed = [*pages(6), BatchPage(7, 2, due), BatchPage(8, 2, due)]
    async with walking(BatchScript(env, pages=listed)):
        walked = await start_batch(env, Stream("", 1, 6), Stream("b", 7, 8))
        for change in ("pause", "resume"):
            await walked.change(change)
        await walked.until("scheduled")
        await walked.change("switch_gateway", "c")
        await walked.handle.result()
    return walked


async def batch_cancelled(env: WorkflowEnvironment) -> Batch:
    gate = Gate()
    async with walking(BatchScript(env, pages=pages(10), hold=gate.hold)) as script:
        walked = await start_batch(env, Stream("", 1, 10))
        await script.until_sent(BATCH_LIMITS.pages_in_flight)
        await walked.change("cancel")
        await walked.until_recalled(BATCH_LIMITS.pages_in_flight)
        gate.let_through(10)
        await walked.handle.result()
    return walked


async def told(env: WorkflowEnvironment) -> Page:
    """A page of a customer who listens."""
    async with acting(Script(env, listeners=["one", "two"])):
        page = await start(env, size=2)
        await page.handle.result()
    return page


async def refused_told(env: WorkflowEnvironment) -> Page:
    """As ``refused``, and a customer listens."""
    async with acting(Script(env, refused=[0], listeners=["one"])):
        page = await start(env, size=2)
        await page.handle.result()
    return page


async def batch_cancelled_told(env: WorkflowEnvironment) -> Batch:
    """As ``batch_cancelled``, before anything has left, and a customer listens."""
    async with walking(BatchScript(env, pages=pages(3, due=await now(env) + DAY), listeners=["one"])):
        walked = await start_batch(env, Stream("", 1, 3))
        await walked.until("scheduled")
        await walked.change("cancel")
        await walked.handle.result()
    return walked


async def callback(env: WorkflowEnvironment) -> Page:
    """An endpoint with something to be tried later, then with a wish for quiet, then without anything left."""
    begun = await now(env)
    rests = iter([CallbackRest(begun + 300), CallbackRest(begun + 600, begun + 900), CallbackRest()])

    @activity.defn(name="deliver_callbacks")
    async def deliver(endpoint_id: str) -> CallbackRest:
        return next(rests)

    endpoint_id = new_page_id()
    queue = policy.CALLBACK_QUEUE
    async with Worker(env.client, task_queue=queue, workflows=[CallbackWorkflow], activities=[deliver]):
        handle = await env.client.start_workflow(
            "CallbackWorkflow",
            str(endpoint_id),
            id=callback_workflow_id(endpoint_id),
            task_queue=queue,
            start_signal="wake",
        )
        await handle.result()
    return Page(env, handle, endpoint_id)


async def operation(env: WorkflowEnvironment) -> Page:
    """An operation of three rounds, one of which has it wait."""
    rests = iter([OperationRest(), OperationRest(pause=7.0), OperationRest(is_over=True)])

    @activity.defn(name="work_on_operation")
    async def work(operation_id: str) -> OperationRest:
        return next(rests)

    operation_id = new_page_id()
    queue = policy.OPERATIONS_QUEUE
    async with Worker(env.client, task_queue=queue, workflows=[OperationWorkflow], activities=[work]):
        handle = await env.client.start_workflow(
            "OperationWorkflow", str(operation_id), id=operation_workflow_id(operation_id), task_queue=queue
        )
        await handle.result()
    return Page(env, handle, operation_id)


async def automation(env: WorkflowEnvironment) -> Page:
    """A contact that waits for a time, then for whatever wakes it, then not at all; then its end is told."""
    begun = await now(env)
    rests = iter([Rest(until=begun + DAY, step="a"), Rest(step="b"), Rest(until=0.0), Rest(step="c")])

    @activity.defn(name="go_on_with_run")
    async def go_on(run_id: str) -> Rest:
        return next(rests)

    run_id = new_page_id()
    queue = policy.AUTOMATIONS_QUEUE
    async with Worker(env.client, task_queue=queue, workflows=[AutomationWorkflow], activities=[go_on]):
        handle = await env.client.start_workflow(
            "AutomationWorkflow",
            RunStart(run=str(run_id)),
            id=automation_workflow_id(run_id),
            task_queue=queue,
        )
        while (await handle.query("where", result_type=Rest)).step != "b":
            await env.sleep(DAY / 2)
        await handle.signal("poke")
        while (await handle.query("where", result_type=Rest)).step != "c":
            await env.sleep(1.0)
        await handle.signal("end")
        await handle.result()
    return Page(env, handle, run_id)


async def campaign(env: WorkflowEnvironment) -> Page:
    """A campaign with a test: approved, paused, sent through another gateway, resumed, decided."""
    run = CampaignRun(str(new_page_id()), parts=[Part(1, "a"), Part(2, "b")], per_minute=5, decide_after=DAY)
    script = CampaignScript(run, slices={1: 2, 2: 1, REST: 3}, needs_approval=True)
    async with sending(env, script) as sent:
        await until(script, "approval")
        script.needs_approval = False
        await sent.change("1", "approve")
        await until(script, "running")
        await sent.change("2", "pause")
        await sent.change("3", "switch_gateway", "other")
        await sent.change("4", "resume")
        await sent.handle.result()
    return Page(env, sent.handle, UUID(run.run_id))


PLAYS: list[Play] = [
    plain,
    failover,
    scheduled_cancelled,
    rescheduled,
    refused,
    fresh_run,
    shared,
    at_once,
    at_once_in_part,
    steered,
    fell_back,
    receipts,
    receipts_shared,
    gateway_paused,
    batch,
    batch_cancelled,
    told,
    refused_told,
    batch_cancelled_told,
    callback,
    operation,
    automation,
    campaign,
]


async def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for play in PLAYS:
        if play.__name__ in (names or play.__name__):
            # One for each: it skips time no more once a workflow has left a child behind.
            async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=TEST_SERVER) as env:
                history = await (await play(env)).handle.fetch_history()
            (FOLDER / f"{play.__name__}.json").write_text(history.to_json() + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

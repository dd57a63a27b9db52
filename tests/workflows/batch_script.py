"""A batch that runs through scripted activities: its pages are real workflows, their activities are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.batches.batch import BatchChange, BatchHeader, BatchPage, BatchState, BatchStatus, PageList, Stream
from domain.ids import batch_page_number, batch_workflow_id, new_batch_id
from domain.lanes import Lane
from domain.limits import BATCH_LIMITS, BatchLimits
from domain.messages.page import DispatchRequest
from services.workflow_calls import change_workflow
from tests.workflows.script import RECALLED, Script
from workflows.batch import BatchWorkflow
from workflows.policy import DISPATCH_QUEUE, WORKFLOW_QUEUE
from workflows.send import SendWorkflow


@dataclass
class BatchScript(Script):
    """A stored batch, and what was asked of the store."""

    pages: list[BatchPage] = field(default_factory=list)
    lists: list[PageList] = field(default_factory=list)
    followed: list[list[str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    is_recorded: bool = False
    """Whether the record has an outcome of every message, though pages are open."""

    @activity.defn(name="list_pages")
    async def list_pages(self, wanted: PageList) -> list[BatchPage]:
        self.lists.append(wanted)
        return [page for page in self.pages if wanted.first <= page.number <= wanted.last]

    @activity.defn(name="open_pages")
    async def open_pages(self, page_ids: list[str]) -> list[str]:
        """Those whose workflows are open."""
        self.followed.append(page_ids)
        if self.is_recorded:
            return []
        found = [await self.env.client.get_workflow_handle(f"send-{page_id}").describe() for page_id in page_ids]
        return [p for p, one in zip(page_ids, found, strict=True) if one.status == WorkflowExecutionStatus.RUNNING]

    @activity.defn(name="show_batch")
    async def show_batch(self, batch: BatchState) -> None:
        self.shown.append(batch.state)

    @activity.defn(name="finish_batch")
    async def finish_batch(self, batch: BatchState) -> None:
        self.finished.append(batch.state)

    @activity.defn(name="queue_callbacks")
    async def queue_callbacks(self, batch_id: str) -> list[str]:
        assert self.finished, "what is not recorded yet cannot be told"
        self.told.append(batch_id)
        return list(self.listeners)

    def numbers(self) -> list[int]:
        """The pages that were dispatched, in that order."""
        return [batch_page_number(UUID(request.page.page_id)) for request in self.sent]

    async def until_sent(self, count: int) -> None:
        """Returns when this many pages have come to their gateway."""
        async with asyncio.timeout(10):
            while len(self.sent) < count:
                await asyncio.sleep(0.005)


@dataclass
class Batch:
    """A batch under way."""

    env: WorkflowEnvironment
    handle: WorkflowHandle
    header: BatchHeader

    async def status(self) -> BatchStatus:
        return await self.handle.query("status", result_type=BatchStatus)

    async def until(self, state: str) -> BatchStatus:
        async with asyncio.timeout(10):
            while (status := await self.status()).state != state:
                await asyncio.sleep(0.005)
            return status

    async def until_in_flight(self, count: int) -> None:
        """Returns when this many pages are under way."""
        async with asyncio.timeout(10):
            while len((await self.status()).in_flight) != count:
                await asyncio.sleep(0.005)

    async def until_recalled(self, count: int) -> None:
        """Returns when the dispatches of this many pages have been called back: the test server refuses to call back
        one that ends at the same moment."""
        ids = (await self.status()).in_flight
        async with asyncio.timeout(10):
            while True:
                histories = [await self.env.client.get_workflow_handle(f"send-{i}").fetch_history() for i in ids]
                recalled = [h for h in histories if any(event.event_type == RECALLED for event in h.events)]
                if len(recalled) >= count:
                    return
                await asyncio.sleep(0.01)

    async def page(self, waits_for: str) -> WorkflowHandle:
        """The first page under way, once it waits for this."""
        async with asyncio.timeout(10):
            while True:
                for page_id in (await self.status()).in_flight[:1]:
                    page = self.env.client.get_workflow_handle(f"send-{page_id}")
                    with suppress(RPCError):  # not started yet
                        if any(live["waits_for"] == waits_for for live in await page.query("waits")):
                            return page
                await asyncio.sleep(0.005)

    async def change(self, kind: str, gateway: str = "") -> None:
        """Raises `ChangeRefused` when it is refused."""
        await change_workflow(self.env.client, self.handle.id, BatchChange(uuid4().hex, kind, gateway))

    async def start_repeatable(self) -> WorkflowHandle:
        """Start the same batch anew, as a reset does."""
        return await self.env.client.start_workflow(
            "BatchWorkflow", self.header, id=self.handle.id, task_queue=WORKFLOW_QUEUE
        )


async def start_batch(env: WorkflowEnvironment, *streams: Stream, limits: BatchLimits = BATCH_LIMITS) -> Batch:
    batch_id = new_batch_id()
    header = BatchHeader(str(batch_id), 7, "sms", Lane.TRANSACTIONAL.value, list(streams), limits=limits)
    handle = await env.client.start_workflow(
        "BatchWorkflow", header, id=batch_workflow_id(batch_id), task_queue=WORKFLOW_QUEUE
    )
    return Batch(env, handle, header)


@asynccontextmanager
async def walking(script: BatchScript) -> AsyncIterator[BatchScript]:
    """Workers with the scripted activities, both workflows in their sandbox."""
    local = [
        script.check_credit,
        script.choose_gateway,
        script.record_status,
        script.list_pages,
        script.open_pages,
        script.show_batch,
        script.finish_batch,
    ]
    flows = [BatchWorkflow, SendWorkflow]
    errands = [script.dispatch, script.queue_callbacks, script.wake_callbacks]
    async with (
        Worker(script.env.client, task_queue=WORKFLOW_QUEUE, workflows=flows, activities=local),
        Worker(script.env.client, task_queue=DISPATCH_QUEUE, activities=errands),
    ):
        yield script


def pages(count: int, size: int = 2, due: float = 0.0) -> list[BatchPage]:
    return [BatchPage(number, size, due) for number in range(1, count + 1)]


class Gate:
    """Holds dispatches until it is opened, for all or for as many as are let through."""

    def __init__(self) -> None:
        self._passes = asyncio.Semaphore(0)

    async def hold(self, request: DispatchRequest) -> None:
        await self._passes.acquire()

    def let_through(self, count: int) -> None:
        for _ in range(count):
            self._passes.release()

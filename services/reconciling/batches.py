"""What becomes of a batch whose rows and whose workflow differ. Its pages are brought in step before it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from domain.batches.batch import BatchChange, BatchHeader, Stream
from domain.ids import batch_workflow_id
from domain.limits import BATCH_LIMITS
from runtime.search_attributes import attributes
from services.reconciling.pages import CODE, stop
from services.sending.page_runs import RPC_TIMEOUT
from store.batches import recovery
from store.batches.batches import cancel_pending
from store.batches.recovery import PageLeft
from store.callbacks import callbacks
from store.pool import Pool, long_transaction
from store.reconciling import restored
from workflows.policy import start_options


@dataclass(frozen=True)
class BatchPlan:
    """What is to be done with a batch."""

    batch_id: UUID
    act: Literal["nothing", "restart", "cancel", "lost"]
    """``restart``: its workflow runs, and knows more than the rows; ``cancel``: it has ended, and so cancelled what it
    had not started; ``lost``: it is not in the database; ``nothing``."""
    unstarted: tuple[PageLeft, ...] = ()
    under_way: tuple[PageLeft, ...] = ()
    """Pages that were started, and have messages without an outcome."""


@dataclass(frozen=True)
class BatchHistory:
    """The latest run of a batch's workflow."""

    header: BatchHeader
    """What it was started with, and the changes that it got since."""
    last_at: float
    """When something was last written to it, in Unix seconds."""
    was_begun: bool
    """Whether a worker had it."""

    @property
    def is_paused(self) -> bool:
        """Whether it was paused last."""
        kinds = [change.kind for change in self.header.changes if change.kind in ("pause", "resume")]
        return kinds[-1] == "pause" if kinds else self.header.paused


async def plan_batch(
    pool: Pool, found: WorkflowExecution, batch: BatchHistory, begun: Collection[UUID], since: float
) -> BatchPlan:
    """``begun``: pages that Temporal knows. ``since``: what is older is in the rows."""
    batch_id = UUID(batch.header.batch_id)
    nothing = BatchPlan(batch_id, "nothing")
    is_running = found.status == WorkflowExecutionStatus.RUNNING
    if not await restored.has_batch(pool, batch_id):
        return replace(nothing, act="lost") if is_running else nothing
    if batch.last_at < since or not batch.was_begun:
        return nothing
    async with pool.connection() as conn:
        if await recovery.find(conn, batch_id) is None:
            return nothing
        left = await recovery.pages_left(conn, batch_id)
    unstarted = tuple(page for page in left if page.is_pending and page.id not in begun)
    if is_running:
        under_way = tuple(page for page in left if page not in unstarted)
        return BatchPlan(batch_id, "restart", unstarted, under_way)
    ended_itself = found.status == WorkflowExecutionStatus.COMPLETED
    return BatchPlan(batch_id, "cancel", unstarted) if ended_itself and unstarted else nothing


async def apply_batch(pool: Pool, client: Client, plan: BatchPlan, known: BatchHeader) -> None:
    """Do it.

    Raises:
        RPCError: Temporal does not answer.
    """
    if plan.act == "lost":
        await stop(client, batch_workflow_id(plan.batch_id))
    elif plan.act == "cancel":
        async with long_transaction(pool) as conn:
            ended = await cancel_pending(conn, plan.batch_id, CODE, "the batch ended before it was sent")
            await callbacks.queue_states(conn, ended)
    elif plan.act == "restart":
        await _restart(client, plan, known)


async def _restart(client: Client, plan: BatchPlan, known: BatchHeader) -> None:
    """In the place of the one that runs, which counts pages as ended that were started again."""
    header = replace(
        known,
        streams=[_rest(stream, plan.unstarted) for stream in known.streams],
        in_flight=[(str(page.id), _stream_of(known, page)) for page in plan.under_way],
        limits=BATCH_LIMITS,
    )
    await client.start_workflow(
        "BatchWorkflow",
        header,
        id=batch_workflow_id(plan.batch_id),
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        rpc_timeout=RPC_TIMEOUT,
        search_attributes=attributes(channel=header.channel, lane=header.lane, account=header.account_id),
        **start_options(header.lane, header.account_id),
    )


def _rest(stream: Stream, unstarted: Collection[PageLeft]) -> Stream:
    """A stream from its first page on that was not started."""
    numbers = [page.number for page in unstarted if stream.next <= page.number <= stream.last]
    return replace(stream, next=min(numbers, default=stream.last + 1))


def _stream_of(header: BatchHeader, page: PageLeft) -> int:
    """Streams begin where their workflow's run began: pages of earlier runs are counted to the first one after them."""
    return next((n for n, stream in enumerate(header.streams) if page.number <= stream.last), 0)


async def read_batch(client: Client, found: WorkflowExecution) -> BatchHistory:
    """Raises as ``read_page`` does."""
    handle = client.get_workflow_handle(found.id, run_id=found.run_id)
    header: BatchHeader | None = None
    changes: list[BatchChange] = []
    last_at, was_begun = 0.0, False
    async for event in handle.fetch_history_events(rpc_timeout=RPC_TIMEOUT):
        last_at = event.event_time.ToMicroseconds() / 1e6
        was_begun = was_begun or event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            payloads = event.workflow_execution_started_event_attributes.input.payloads
            (header,) = await client.data_converter.decode(list(payloads)[:1], [BatchHeader])
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            if signal.signal_name == "change":
                changes += await client.data_converter.decode(list(signal.input.payloads)[:1], [BatchChange])
    assert header is not None
    return BatchHistory(replace(header, changes=[*header.changes, *changes]), last_at, was_begun)

"""Pages and batches whose workflows are taken away from them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import message_uid, new_page_id, send_workflow_id
from domain.limits import PAGE_LIMITS
from domain.messages.page import PageHeader
from domain.messages.page_content import Content, PageContent, PageMessage
from store.accounts import credits
from store.pool import Pool
from tests.stack import Stack, User
from worker.sweeps.counts import SweepCounts
from worker.sweeps.sweep_batches import BatchSweep
from worker.sweeps.sweep_pages import PageSweep
from workflows.policy import start_options

Row = tuple[str, str | None, str]
"""State, code and credit of a message."""


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def sweep_page(stack: Stack, page_id: UUID) -> SweepCounts:
    swept = SweepCounts()
    await PageSweep(stack.pool, stack.temporal, swept).check(page_id)
    return swept


async def sweep_batch(stack: Stack, batch_id: UUID) -> SweepCounts:
    swept = SweepCounts()
    await BatchSweep(stack.pool, stack.temporal, swept).check(batch_id)
    return swept


async def start_page(stack: Stack, user: User, *due: float, run_timeout: float | None = None) -> UUID:
    """A page of text messages, each due then (Unix seconds; 0: at once)."""
    page_id = new_page_id()
    rows = [PageMessage(f"+1415555{index:04}", 1, 0, at) for index, at in enumerate(due)]
    await stack.temporal.start_workflow(
        "SendWorkflow",
        args=[
            PageHeader(str(page_id), user.id, "sms", len(due), list(due), limits=PAGE_LIMITS),
            PageContent([Content("Hi")], rows).encode(),
        ],
        id=send_workflow_id(page_id),
        run_timeout=timedelta(seconds=run_timeout) if run_timeout else None,
        **start_options("transactional", user.id),
    )
    await until_rows(stack.pool, page_id, lambda rows: len(rows) == len(due))
    return page_id


async def start_without_worker(stack: Stack, page_id: UUID, run_timeout: float | None = None) -> None:
    """A page's workflow of which no worker hears."""
    await stack.temporal.start_workflow(
        "SendWorkflow",
        id=send_workflow_id(page_id),
        task_queue=f"queue-{page_id}",
        run_timeout=timedelta(seconds=run_timeout) if run_timeout else None,
    )


async def rows(pool: Pool, page_id: UUID) -> list[Row]:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select state, code, credit from messages where uid between %s and %s order by uid",
            (page_id, message_uid(page_id, 499)),
        )
        return await cursor.fetchall()


async def until_rows(pool: Pool, page_id: UUID, holds) -> list[Row]:
    async with asyncio.timeout(30):
        while not holds(found := await rows(pool, page_id)):
            await asyncio.sleep(0.02)
    return found


async def wallet(stack: Stack, user: User) -> tuple[int, int, int]:
    """Available, held and spent; checked against the journal."""
    now = (await credits.show(stack.pool, user.id))["sms"]
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """select coalesce(sum(amount) filter (where kind = 'hold'), 0)
                      - coalesce(sum(amount) filter (where kind in ('capture', 'release')), 0),
                      coalesce(sum(amount) filter (where kind = 'capture'), 0)
               from journal where account_id = %s and channel = 'sms'""",
            (user.id,),
        )
        assert await cursor.fetchone() == (now.held, now.spent)
    return now.available, now.held, now.spent


async def terminate(client: Client, workflow_id: str) -> None:
    await client.get_workflow_handle(workflow_id).terminate()


async def delete(client: Client, workflow_id: str) -> None:
    """Have Temporal forget a workflow."""
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id)
    )
    await client.workflow_service.delete_workflow_execution(request)
    async with asyncio.timeout(30):
        while await status(client, workflow_id) is not None:
            await asyncio.sleep(0.05)


async def status(client: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    try:
        return (await client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return None


async def until_status(client: Client, workflow_id: str, wanted: WorkflowExecutionStatus) -> None:
    async with asyncio.timeout(30):
        while await status(client, workflow_id) != wanted:
            await asyncio.sleep(0.05)

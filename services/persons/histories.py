"""What Temporal keeps of a person: histories of pages, sealed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import page_of, send_workflow_id
from runtime.retention import retention
from services.sending.page_runs import RPC_TIMEOUT, Fate, latest_run
from store.persons import finding
from store.pool import Connections

_AT_A_TIME = 10


async def delete_histories(store: Connections, client: Client, uids: Sequence[UUID]) -> bool:
    """Delete those of the pages that have ended and that these messages are alone in. What became of them is stored.

    Pages with messages to others stay for as long as Temporal keeps them: after a restore of the database nothing else
    tells what others got. Returns whether none of the others is running: most end soon after their last outcome, and
    those that wait for the time of a fallback once that has come.

    Raises:
        RPCError: Temporal does not answer.
    """
    pages = await finding.only_theirs(store, sorted({page_of(uid) for uid in uids}), uids)
    limit = asyncio.Semaphore(_AT_A_TIME)

    async def delete(page_id: UUID) -> bool:
        async with limit:
            return await _delete(client, send_workflow_id(page_id))

    return all(await asyncio.gather(*map(delete, pages)))


async def _delete(client: Client, workflow_id: str) -> bool:
    """Returns whether it has ended."""
    fate = (await latest_run(client, workflow_id)).fate
    if fate in (Fate.GONE, Fate.RUNNING):
        return fate is Fate.GONE
    execution = WorkflowExecution(workflow_id=workflow_id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    try:
        await client.workflow_service.delete_workflow_execution(request, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
    return True


async def kept_until(client: Client) -> str:
    """When Temporal has deleted what has ended by now (ISO 8601)."""
    return (datetime.now(UTC) + await retention(client)).isoformat(timespec="seconds")

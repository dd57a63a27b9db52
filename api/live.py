"""Asking the workflow of a message: bounded, because a status must come even when no worker answers."""

import asyncio
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError

from domain.ids import page_of, send_workflow_id
from domain.page import LiveStatus

QUERY_SECONDS = 1.0


async def live_status(client: Client, uid: UUID) -> LiveStatus | None:
    """What the message's workflow says of it; ``None`` if there is none, it has ended, or it does not answer in 1 s."""
    handle = client.get_workflow_handle(send_workflow_id(page_of(uid)))
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            status: LiveStatus | None = await handle.query(
                "status",
                str(uid),
                result_type=LiveStatus | None,  # type: ignore[arg-type]  # typed for classes only
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=timedelta(seconds=QUERY_SECONDS),
            )
    except (TimeoutError, RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return None
    return status

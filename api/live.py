"""Asking the workflow of a message: bounded, because a status must come even when no worker answers."""

import asyncio
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from domain.channels import Channel
from domain.ids import index_of, page_of, send_workflow_id
from domain.page import LiveStatus, PageHeader

QUERY_SECONDS = 1.0

_TIMEOUT = timedelta(seconds=QUERY_SECONDS)


class NoAnswer(Exception):  # noqa: N818 - reads as what it says
    """Neither a worker nor Temporal answered in time."""


async def live_status(client: Client, uid: UUID) -> LiveStatus | None:
    """What the message's workflow says of it; ``None`` if there is none, or it is done with the message.

    Raises:
        NoAnswer: it did not say anything within 1 s.
    """
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            status: LiveStatus | None = await _workflow(client, uid).query(
                "status",
                str(uid),
                result_type=LiveStatus | None,  # type: ignore[arg-type]  # typed for classes only
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=_TIMEOUT,
            )
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return None
    except (TimeoutError, RPCError) as error:
        if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise NoAnswer from error
    return status


async def accepted_status(client: Client, channel: Channel, uid: UUID) -> LiveStatus | None:
    """The same from what Temporal keeps of the page's start: says nothing new, but needs no worker.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        page = await _header(client, _workflow(client, uid))
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    index = index_of(uid)
    if index >= page.size or page.channel != channel:
        return None
    due = page.due[index] if page.due else 0.0
    return LiveStatus(page.account_of(index), "scheduled" if due else "queued", "worker", due)


async def _header(client: Client, workflow: WorkflowHandle[object, object]) -> PageHeader:
    events = workflow.fetch_history_events(page_size=1, rpc_timeout=_TIMEOUT)
    started = await anext(events)
    payload = started.workflow_execution_started_event_attributes.input.payloads[0]
    (page,) = await client.data_converter.decode([payload], [PageHeader])
    assert isinstance(page, PageHeader)
    return page


def _workflow(client: Client, uid: UUID) -> WorkflowHandle[object, object]:
    return client.get_workflow_handle(send_workflow_id(page_of(uid)))

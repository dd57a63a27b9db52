"""Queries of a message's workflow: with time limits, because a status must be returned even if no worker answers."""

from datetime import timedelta
from uuid import UUID

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.channels import Channel
from domain.ids import index_of, page_of, send_workflow_id
from domain.messages.page import LiveStatus, PageHeader
from runtime.codec import UnsealedPayloadError
from services.workflow_calls import query_workflow

_TIMEOUT = timedelta(seconds=1)


async def live_status(client: Client, uid: UUID) -> LiveStatus | None:
    """The message's status in its workflow; ``None`` if there is none, or the message is final.

    Raises:
        WorkflowUnresponsive: it did not answer within 1 s.
    """
    return await query_workflow(client, send_workflow_id(page_of(uid)), "status", str(uid), answer=LiveStatus)


async def accepted_status(client: Client, channel: Channel, uid: UUID) -> LiveStatus | None:
    """The same from the memo and input of the page's start: not current, but it needs no worker.

    Raises:
        RPCError: Temporal does not answer.
    """
    found = await accepted_message(client, uid)
    return found[1] if found is not None and found[0] == channel else None


async def accepted_message(client: Client, uid: UUID) -> tuple[str, LiveStatus] | None:
    """The same of a message of any channel, with its channel.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        page = await _header(client, _workflow(client, uid))
    except UnsealedPayloadError:  # not started by this install
        return None
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    index = index_of(uid)
    if index >= page.size:
        return None
    due = page.due[index] if page.due else 0.0
    state = "scheduled" if due else "queued"
    return page.channel, LiveStatus(page.account_of(index), state, "worker", due, test=page.is_test(index))


async def is_page_known(client: Client, page_id: UUID) -> bool:
    """Whether a page's workflow was started with messages, not as an empty page that blocks its id.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        return (await _header(client, _workflow(client, page_id))).size > 0
    except UnsealedPayloadError:  # not started by this install
        return False


async def _header(client: Client, workflow: WorkflowHandle[object, object]) -> PageHeader:
    events = workflow.fetch_history_events(page_size=1, rpc_timeout=_TIMEOUT)
    started = await anext(events)
    payload = started.workflow_execution_started_event_attributes.input.payloads[0]
    (page,) = await client.data_converter.decode([payload], [PageHeader])
    assert isinstance(page, PageHeader)
    return page


def _workflow(client: Client, uid: UUID) -> WorkflowHandle[object, object]:
    return client.get_workflow_handle(send_workflow_id(page_of(uid)))

"""Accepting a page: its workflow is started, durably, before anyone is told so."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import orjson
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.contacts import ReadContacts
from domain.channels import Channel
from domain.ids import message_uid, send_workflow_id
from domain.page import PageHeader
from domain.page_content import PageMessage
from domain.statuses import State, contract_word
from workflows.policy import WORKFLOW_QUEUE

_START_TIMEOUT = timedelta(seconds=10)


async def accept_page(client: Client, page_id: UUID, account_id: int, channel: Channel, read: ReadContacts) -> bytes:
    """Start the page's workflow and return the answer's body. Starting the same page twice is starting it once.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    messages = read.content.messages
    due = [m.due for m in messages]
    page = PageHeader(str(page_id), account_id, channel.value, len(messages), due if any(due) else [], read.requested)
    with suppress(WorkflowAlreadyStartedError):  # a repeat of a request whose answer was lost
        await client.start_workflow(
            "SendWorkflow",
            args=[page, read.content.encode()],
            id=send_workflow_id(page_id),
            task_queue=WORKFLOW_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=_START_TIMEOUT,
        )
    return _answer(page_id, messages)


def _answer(page_id: UUID, messages: list[PageMessage]) -> bytes:
    plural = "s" if len(messages) > 1 else ""
    return orjson.dumps(
        {
            "success": True,
            "message": f"{len(messages)} message{plural} accepted",
            "data": [_item(message_uid(page_id, index), message) for index, message in enumerate(messages)],
        }
    )


def _item(uid: UUID, message: PageMessage) -> dict[str, object]:
    state = State.SCHEDULED if message.due else State.QUEUED
    return {
        "uid": uid,
        "status": contract_word(state, receipts=False),
        "state": state,
        "to": message.to,
        "credits": message.price,
    }

"""Accepting a page: its workflow is started, durably, before anyone is told so."""

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.contacts import ReadContacts
from domain.channels import Channel
from domain.fallback import Awaited
from domain.ids import message_uid, send_workflow_id
from domain.lanes import Lane
from domain.limits import PAGE_LIMITS
from domain.page import PageHeader
from domain.page_content import PageContent, PageMessage
from domain.statuses import State, contract_word
from workflows.policy import start_options

START_TIMEOUT = timedelta(seconds=10)


async def accept_page(
    client: Client, page_id: UUID, account_id: int, channel: Channel, lane: Lane, read: ReadContacts
) -> bytes:
    """Start the page of a request and return the answer's body. Doing so twice is doing it once.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    messages = read.content.messages
    due = [m.due for m in messages]
    page = PageHeader(
        str(page_id),
        account_id,
        channel.value,
        len(messages),
        due if any(due) else [],
        read.requested,
        lane=lane.value,
        awaited=[Awaited(index, m.fallback[0].after) for index, m in enumerate(messages) if m.fallback],
        limits=PAGE_LIMITS,
    )
    await start_page(client, page, read.content.encode())
    return accepted_answer([(message_uid(page_id, index), message) for index, message in enumerate(messages)])


async def start_page(client: Client, page: PageHeader, content: bytes) -> bool:
    """Start a page's workflow, once; returns whether it was started now.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    with suppress(WorkflowAlreadyStartedError):  # a repeat of a request whose answer was lost
        await client.start_workflow(
            "SendWorkflow",
            args=[page, content],
            id=send_workflow_id(UUID(page.page_id)),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=START_TIMEOUT,
            **start_options(page.lane, page.account_id),
        )
        return True
    return False


async def make_unstartable(client: Client, page_id: UUID) -> bool:
    """Make sure that a page which may have been started, or not, never will be; returns whether it had not been.

    An empty page takes its place: workflow ids are used once.

    Raises:
        RPCError: Temporal does not answer.
    """
    nothing = PageHeader(str(page_id), 0, Channel.SMS.value, 0, limits=PAGE_LIMITS)
    return await start_page(client, nothing, PageContent([], []).encode())


def accepted_answer(accepted: list[tuple[UUID, PageMessage]], **more: Any) -> bytes:
    """The answer to a send request: its messages in the order of its contacts."""
    plural = "s" if len(accepted) > 1 else ""
    return orjson.dumps(
        {
            "success": True,
            "message": f"{len(accepted)} message{plural} accepted",
            **more,
            "data": [_item(uid, message) for uid, message in accepted],
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

"""Accepting a page: its workflow is started, durably, before anyone is told so (in what time: ``starts.py``)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from temporalio.client import Client

from domain.channels import Channel
from domain.messages.new_page import new_page
from domain.messages.page import ADMIN_ACCOUNT, PageHeader
from domain.messages.page_content import PageContent, PageMessage
from domain.messages.statuses import State, contract_word
from services.sending import start_page as pages
from workflows.policy import start_options

ACCEPT_SECONDS = 5.0
"""How long a caller waits to be accepted: then it is told that it was not, or that this is not known."""

START_SECONDS = 3.0
"""How long an answer of Temporal to a start is awaited: it takes a few milliseconds."""

_START_TIMEOUT = timedelta(seconds=START_SECONDS)


async def start_page(client: Client, page: PageHeader, content: bytes) -> bool:
    """Start a page's workflow, once; returns whether it was started now.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    options = start_options(page.lane, page.account_id)
    return await pages.start_page(client, page, content, rpc_timeout=_START_TIMEOUT, **options)


async def make_unstartable(client: Client, page_id: UUID) -> bool:
    """Make sure that a page which may have been started, or not, never will be; returns whether it had not been.

    An empty page takes its place: workflow ids are used once.

    Raises:
        RPCError: Temporal does not answer.
    """
    nothing = new_page(page_id, Channel.SMS, [ADMIN_ACCOUNT], [], {})
    return await start_page(client, nothing, PageContent([], []).encode())


def accepted_answer(
    accepted: list[tuple[UUID, PageMessage]], warnings: Sequence[dict[str, Any]] = (), **more: Any
) -> bytes:
    """The answer to a send request: its messages in the order of its contacts."""
    plural = "s" if len(accepted) > 1 else ""
    warned = {"warnings": warnings} if warnings else {}
    return orjson.dumps(
        {
            "success": True,
            "message": f"{len(accepted)} message{plural} accepted",
            **more,
            **warned,
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

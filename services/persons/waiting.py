"""Messages of an erased person that wait: they are not sent. One that is being sent gets its outcome first."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import structlog
from temporalio.client import Client

from domain.ids import page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from services.workflow_calls import ChangeRefused, WorkflowUnresponsive, change_workflow
from store.batches import batches
from store.pool import Pool

log = structlog.get_logger()

_AT_A_TIME = 10


async def cancel_all(pool: Pool, client: Client, uids: Sequence[UUID]) -> None:
    """Have these messages not be sent. Safe to repeat.

    Raises:
        RPCError: Temporal refused it.
    """
    limit = asyncio.Semaphore(_AT_A_TIME)

    async def cancel(uid: UUID) -> None:
        async with limit:
            await _cancel(pool, client, uid)

    await asyncio.gather(*map(cancel, uids))


async def _cancel(pool: Pool, client: Client, uid: UUID) -> None:
    if await batches.cancel_message(pool, uid):
        return
    request = ChangeRequest(str(uuid4()), str(uid), "cancel")
    try:
        await change_workflow(client, send_workflow_id(page_of(uid)), request)
    except (ChangeRefused, WorkflowUnresponsive) as error:
        log.info("a message of an erased person ends by itself", uid=str(uid), why=str(error))

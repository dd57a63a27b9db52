"""Settling what became of a message whose outcome is ``unknown``: for the API and the command line."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from temporalio.client import Client

from domain.errors import ConflictError
from domain.ids import index_of, minted_at, page_of, send_workflow_id
from domain.messages.page import Carried, Turn
from services.sending.page_runs import Fate, latest_run
from services.sending.page_start import page_start
from services.sending.restart import start_page
from store.messages import resolving
from store.messages.resolving import As, Resolved
from store.pool import Pool

Connect = Callable[[], Awaitable[Client]]
"""Gets a client of Temporal when it is needed: a message is settled without one."""


async def resolve(pool: Pool, connect: Connect, uid: UUID, outcome: As, reason: str, actor: str) -> Resolved:
    """Say that a message was sent, or failed, or have it sent again. Saying the same again changes nothing.

    The caller wakes the endpoints that are to be told.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: its outcome is known; or it cannot be sent again, because its page is still at work or what it
            says is not kept any more.
        RPCError: Temporal does not answer: a resend may be repeated.
    """
    if outcome == "resend":
        return await _resend(pool, await connect(), uid, reason, actor)
    return await resolving.settle(pool, uid, outcome, reason, actor)


async def _resend(pool: Pool, client: Client, uid: UUID, reason: str, actor: str) -> Resolved:
    page_id = page_of(uid)
    being_resent = await resolving.being_resent(pool, uid)
    run = await latest_run(client, send_workflow_id(page_id))
    if run.fate is Fate.RUNNING:
        if being_resent is None:
            raise _at_work(uid)
        return being_resent
    async with pool.connection() as conn:
        start = await page_start(conn, client, page_id, run)
    if start is None or index_of(uid) >= start.header.size:
        message = f"What the message {uid} says is not kept any more: resolve it as sent or as failed."
        raise ConflictError("content_gone", message)
    resend = await resolving.begin_resend(pool, uid, reason, actor)
    carried = Carried(minted_at(page_id), [(Turn(attempt=resend.attempt), [index_of(uid)])])
    is_started = await start_page(client, replace(start.header, due=[], carried=carried), start.content)
    if not is_started and not resend.is_repeat:
        raise _at_work(uid)
    return resend.resolved


def _at_work(uid: UUID) -> ConflictError:
    message = (
        f"Other messages of the page of {uid} are still at work: resolve it as sent or failed, or try again later."
    )
    return ConflictError("page_at_work", message)

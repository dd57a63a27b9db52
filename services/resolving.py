"""Resolving messages whose outcome is ``unknown``, for the API and the CLI."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from temporalio.client import Client

from domain.access.actors import Actor
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
"""Connects to Temporal when it is needed: only a resend needs it."""


async def resolve(pool: Pool, connect: Connect, uid: UUID, outcome: As, reason: str, actor: Actor) -> Resolved:
    """Resolve a message as sent or failed, or send it again. Idempotent.

    The caller wakes the endpoints that have callbacks to deliver.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: its outcome is known; or it cannot be sent again, because its page is still running or its
            content is no longer stored.
        RPCError: Temporal does not answer: a resend may be repeated.
    """
    if outcome == "resend":
        return await _resend(pool, await connect(), uid, reason, actor)
    return await resolving.settle(pool, uid, outcome, reason, actor)


async def _resend(pool: Pool, client: Client, uid: UUID, reason: str, actor: Actor) -> Resolved:
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
        message = f"The content of message {uid} is no longer stored: resolve it as sent or as failed."
        raise ConflictError("content_gone", message)
    resend = await resolving.begin_resend(pool, uid, reason, actor)
    carried = Carried(minted_at(page_id), [(Turn(attempt=resend.attempt), [index_of(uid)])])
    is_started = await start_page(client, replace(start.header, due=[], carried=carried), start.content)
    if not is_started and not resend.is_repeat:
        raise _at_work(uid)
    return resend.resolved


def _at_work(uid: UUID) -> ConflictError:
    message = f"The page of {uid} is still sending other messages: resolve it as sent or failed, or try again later."
    return ConflictError("page_at_work", message)

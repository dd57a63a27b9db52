"""Exports and erasures of persons, as users and staff begin them."""

from contextlib import suppress
from typing import Any

from fastapi import Request, Response

from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.http.temporal_link import TemporalUnavailable
from api.operations.shown import shown as shown_operation
from api.resources.changing import Answer, perform_once
from domain.access.actors import Actor
from domain.messages.page import ADMIN_ACCOUNT
from services.changes import Change
from services.operations.changing import start_soon
from services.persons.erasing import begin_erasure, count, find_erasure
from services.persons.exporting import begin_export
from services.persons.naming import Named, subject_of
from store.accounts import accounts
from store.operations.operations import Operation
from store.persons.erasures import Erasure


async def answer_erasure(
    request: Request,
    actor: Actor,
    raw: bytes,
    account_id: int,
    named: Named,
    owner_id: int | None = None,
    *,
    dry_run: bool,
) -> Response:
    """Begin an erasure, once for each idempotency key; a dry run counts."""
    begun: Operation | None = None

    async def work(made: Change, _: KeyClaim) -> Answer:
        nonlocal begun
        await _check_account(made, account_id)
        subject = await subject_of(made.store, account_id, named)
        counts = await count(made.store, account_id, subject)
        if dry_run:
            return "counted", {"counts": counts, "erasure": None}
        begun = await begin_erasure(made, account_id, subject, owner_id)
        return "begun", {"counts": counts, "erasure": shown(await find_erasure(made.store, begun.id))}

    answer = await perform_once(request, actor, "person.erased", raw, work, dry_run=dry_run)
    if begun is not None:
        await _start(request, begun)
    return answer


async def answer_export(
    request: Request, actor: Actor, raw: bytes, account_id: int, named: Named, owner_id: int | None = None
) -> Response:
    """Begin an export, once for each idempotency key."""

    async def work(made: Change, _: KeyClaim) -> Answer:
        await _check_account(made, account_id)
        subject = await subject_of(made.store, account_id, named)
        return "begun", shown_operation(await begin_export(made, account_id, subject, owner_id))

    return await perform_once(request, actor, "person.exported", raw, work, dry_run=False)


async def _check_account(made: Change, account_id: int) -> None:
    if account_id != ADMIN_ACCOUNT:
        await accounts.get(made.store, account_id)


async def _start(request: Request, operation: Operation) -> None:
    """Before it is answered, so that the erasure outlives the loss of the database (docs/backup.md)."""
    with suppress(TemporalUnavailable):  # a worker starts it
        await start_soon(state_of(request).temporal, operation)


def shown(erasure: Erasure) -> dict[str, Any]:
    """An erasure, as it is answered."""
    return {
        "id": erasure.id,
        "operation": erasure.id,
        "user": erasure.account_id,
        "state": erasure.state,
        "named_by": erasure.named_by,
        "asked_by": {"key": None} | erasure.asked_by,
        "asked_at": erasure.asked_at,
        "repeated_at": erasure.repeated_at,
        "done_at": erasure.done_at,
        "removed": erasure.removed,
        "remains": erasure.remains,
    }


def place_of(erasure: Erasure) -> str:
    """Where it stands in a list."""
    return str(erasure.id)

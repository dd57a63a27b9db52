"""Requests that change something for the admin API: one transaction with its audit entry, dry runs, safe repeats."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import Query, Request, Response

from api.http.errors import ApiError
from api.http.idempotency import KeyClaim, key_in, once, seal
from api.http.state import state_of
from api.resources.approving import keep
from domain.access.actors import Actor
from domain.access.approvals import ApprovalNeeded
from services.changes import Change, Changes, change, changes
from store import idempotency
from store.access.approvals import Approval

DryRun = Annotated[
    bool, Query(description='Validate and answer as ever, and write nothing: the answer has `"dry_run": true`.')
]

Answer = tuple[str, Any]
"""The message and the data of an answer."""
Work = Callable[[Change], Awaitable[Answer]]


async def perform(request: Request, actor: Actor, action: str, work: Work, *, dry_run: bool) -> Response:
    """Do ``work`` in a transaction, and answer with what it returns.

    What needs the approval of a second person is answered 202, and kept.

    Raises:
        XsenderError: what it raises: nothing was changed.
    """
    try:
        async with change(state_of(request).pool, actor, action, dry_run=dry_run) as made:
            message, data = await work(made)
    except ApprovalNeeded as needed:
        async with change(state_of(request).pool, actor, "approval.requested", dry_run=dry_run) as made:
            body = await _kept(request, made, action, needed, dry_run)
        return Response(body, 202, media_type="application/json")
    return _response(_encoded(message, data, dry_run), data)


async def perform_once(
    request: Request,
    actor: Actor,
    action: str,
    raw: bytes,
    work: Callable[[Change, KeyClaim], Awaitable[Answer]],
    *,
    dry_run: bool,
    is_secret: bool = False,
    beforehand: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """``perform`` for what creates something: once per ``Idempotency-Key``.

    The answer is kept in the transaction of the change, so that no crash separates them. ``is_secret``: it is
    sealed, as it has a secret. ``beforehand``: done under the same key before that transaction, in others that are
    safe to repeat.

    Raises:
        ApiError: as in ``once``.
    """
    state = state_of(request)
    keyring = state.keyring if is_secret else None
    if dry_run:
        key_in(request)
        if beforehand is not None:
            await beforehand()
        return await perform(request, actor, action, lambda made: work(made, KeyClaim(uuid4(), True)), dry_run=True)

    waits = False

    async def finish(made: Change, claim: KeyClaim, answer: bytes, status: int = 200) -> None:
        if claim.scope is not None:
            kept = seal(keyring, answer, claim.scope) if keyring else answer
            await idempotency.finish(made.store, *claim.scope, status, kept)

    async def claimed_work(claim: KeyClaim) -> bytes:
        nonlocal waits
        if beforehand is not None:
            await beforehand()
        try:
            async with change(state.pool, actor, action) as made:
                message, data = await work(made, claim)
                answer = _encoded(message, data)
                await finish(made, claim, answer)
        except ApprovalNeeded as needed:
            waits = True
            async with change(state.pool, actor, "approval.requested") as made:
                answer = await _kept(request, made, action, needed)
                await finish(made, claim, answer, 202)
        return answer

    answered = await once(request, owner_of(actor), raw, uuid4(), claimed_work, keyring, work_stores=True)
    if waits:
        answered.status_code = 202
    return answered


async def _kept(request: Request, made: Change, action: str, needed: ApprovalNeeded, dry_run: bool = False) -> bytes:
    """Keep a request that a second person must approve; returns its answer."""
    approval = await keep(request, made, action, needed)
    return _encoded("this waits for the approval of a second person", shown_approval(approval), dry_run)


def shown_approval(approval: Approval) -> dict[str, Any]:
    """What waits for approval, or waited, as it is answered."""
    return asdict(approval)


async def perform_many(
    request: Request,
    actor: Actor,
    raw: bytes,
    work: Callable[[Changes, KeyClaim], Awaitable[Answer]],
    *,
    dry_run: bool,
) -> Response:
    """``perform_once`` for several changes in one transaction, each with its own audit entry.

    Raises:
        ApiError: as in ``once``.
    """
    pool = state_of(request).pool
    if dry_run:
        key_in(request)
        async with changes(pool, actor, dry_run=True) as tried:
            message, data = await work(tried, KeyClaim(uuid4(), True))
        return _response(_encoded(message, data, dry_run=True), data)

    async def claimed_work(claim: KeyClaim) -> bytes:
        async with changes(pool, actor) as made:
            answer = _encoded(*await work(made, claim))
            if claim.scope is not None:
                await idempotency.finish(made.store, *claim.scope, 200, answer)
        return answer

    return await once(request, owner_of(actor), raw, uuid4(), claimed_work, work_stores=True)


def owner_of(actor: Actor) -> int:
    """To whom an idempotency key belongs: to the admin (0), a user (above), or a member of staff (below)."""
    match actor.type:
        case "staff":
            return -int(actor.id)
        case "user":
            return int(actor.id)
    return 0


def answer_one(data: Mapping[str, Any], message: str = "found") -> Response:
    """The answer of a read, with its ``ETag``."""
    return _response(_encoded(message, data), data)


def etag(data: Any) -> str:
    """The strong ``ETag`` of an object: it changes with any field."""
    return f'"{hashlib.sha256(orjson.dumps(data, option=orjson.OPT_UTC_Z)).hexdigest()[:32]}"'


def check_match(request: Request, data: Any) -> None:
    """Refuse to change an object that has changed since the caller read it, if it sent ``If-Match``.

    Raises:
        ApiError: 412.
    """
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(data) not in {tag.strip() for tag in wanted.split(",")}:
        raise ApiError(412, "changed_meanwhile", "it has changed since you read it: read it again")


def _encoded(message: str, data: Any, dry_run: bool = False) -> bytes:
    body: dict[str, Any] = {"success": True, "message": message, "data": data}
    if dry_run:
        body["dry_run"] = True
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def _response(body: bytes, data: Any) -> Response:
    return Response(body, media_type="application/json", headers={"ETag": etag(data)})

"""``/api/admin/v1/users/{account}/persons``: what a user knows of a person, exported or erased by staff."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.admin.paths import UserId
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.operations.models import OperationAnswer
from api.persons import models
from api.persons.answering import answer_erasure, answer_export, place_of, shown
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import DryRun, answer_one
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from domain.access.actors import Actor
from services.persons.erasing import find_erasure
from store.persons import erasures
from store.persons.erasures import Erasure

router = APIRouter(prefix="/api/admin/v1/users/{account}/persons", tags=["admin: users"])

_Reader = Annotated[Actor, Depends(Allows("persons:read"))]


@router.post(
    "/export",
    summary="Export all that a user knows of a person",
    response_model=None,
    responses=answers(OperationAnswer, 404, 409),
    openapi_extra=documented_body(models.PersonBody, idempotent=True),
)
async def export_any_person(
    request: Request, account: UserId, actor: Annotated[Actor, Depends(Allows("users:export"))]
) -> Response:
    """With addresses and texts as they are, so it needs `messages:reveal`, too. By an operation; see
    `GET /api/admin/v1/operations/{operation}/result`."""
    raw = await read_body(request)
    return await answer_export(request, actor, raw, account, parse_body(raw, models.PersonBody).named)


@router.post(
    "/erasures",
    summary="Erase all that a user knows of a person",
    response_model=None,
    responses=answers(models.BegunErasureAnswer, 404, 409),
    openapi_extra=documented_body(models.PersonBody, idempotent=True),
)
async def erase_any_person(
    request: Request,
    account: UserId,
    actor: Annotated[Actor, Depends(Allows("persons:erase"))],
    dry_run: DryRun = False,
) -> Response:
    """By an operation. Messages that wait are cancelled, and what the person refused stays. A dry run counts what there
    is. It cannot be undone."""
    raw = await read_body(request)
    named = parse_body(raw, models.PersonBody).named
    return await answer_erasure(request, actor, raw, account, named, dry_run=dry_run)


@router.get(
    "/erasures",
    summary="Erasures of persons of a user, newest first",
    response_model=None,
    responses=answers(models.ErasurePage),
)
async def list_any_erasures(
    request: Request,
    account: UserId,
    _: _Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """That they were asked for, what was removed, and what remains; nothing names the person."""
    reading = state_of(request).reading

    async def page(below: UUID | None, most: int) -> Sequence[Erasure]:
        return await erasures.page(reading, account, below, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown, place_of)


@router.get(
    "/erasures/{erasure}",
    summary="Read an erasure of a person of a user",
    response_model=None,
    responses=answers(models.ErasureAnswer, 404),
)
async def get_any_erasure(request: Request, account: UserId, erasure: UUID, _: _Reader) -> Response:
    """The proof of it: it stays."""
    return answer_one(shown(await find_erasure(state_of(request).pool, erasure, account)))

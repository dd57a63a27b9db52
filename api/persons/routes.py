"""``/api/persons``: what an account knows of a person, exported or erased."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.operations.models import OperationAnswer
from api.persons import models
from api.persons.access import Eraser, Reader
from api.persons.answering import answer_erasure, answer_export, place_of, shown
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import DryRun, answer_one
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from services.persons.erasing import find_erasure
from store.persons import erasures
from store.persons.erasures import Erasure

router = APIRouter(prefix="/api/persons", tags=["contacts"])


@router.post(
    "/export",
    summary="Export all that is known of a person",
    response_model=None,
    responses=answers(OperationAnswer, 404, 409),
    openapi_extra=documented_body(models.PersonBody, idempotent=True),
)
async def export_person(request: Request, principal: Reader) -> Response:
    """As files of lines of JSON, by an operation; see `GET /api/operations/{operation}/result`."""
    raw = await read_body(request)
    named, account_id = parse_body(raw, models.PersonBody).named, principal.account_id
    return await answer_export(request, user_actor(request, principal), raw, account_id, named, account_id)


@router.post(
    "/erasures",
    summary="Erase all that is known of a person",
    response_model=None,
    responses=answers(models.BegunErasureAnswer, 404, 409),
    openapi_extra=documented_body(models.PersonBody, idempotent=True),
)
async def erase_person(request: Request, principal: Eraser, dry_run: DryRun = False) -> Response:
    """By an operation. Messages that wait are cancelled, and what the person refused stays. A dry run counts what there
    is. It cannot be undone."""
    raw = await read_body(request)
    named, account_id = parse_body(raw, models.PersonBody).named, principal.account_id
    actor = user_actor(request, principal)
    return await answer_erasure(request, actor, raw, account_id, named, account_id, dry_run=dry_run)


@router.get("/erasures", summary="Erasures, newest first", response_model=None, responses=answers(models.ErasurePage))
async def list_erasures(
    request: Request, principal: Reader, limit: Limit = 50, cursor: Cursor = None, format: Format = None
) -> Response:
    """That they were asked for, what was removed, and what remains; nothing names the person."""
    reading = state_of(request).reading

    async def page(below: UUID | None, most: int) -> Sequence[Erasure]:
        return await erasures.page(reading, principal.account_id, below, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown, place_of)


@router.get(
    "/erasures/{erasure}",
    summary="Read an erasure",
    response_model=None,
    responses=answers(models.ErasureAnswer, 404),
)
async def get_erasure(request: Request, erasure: UUID, principal: Reader) -> Response:
    """The proof of it: it stays."""
    return answer_one(shown(await find_erasure(state_of(request).pool, erasure, principal.account_id)))

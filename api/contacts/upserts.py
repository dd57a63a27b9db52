"""Contacts of other systems: by their own ids, many at once, and two that are one person."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.contacts import models
from api.contacts.access import Holder
from api.contacts.routes import matching
from api.contacts.shown import shown_of
from api.http.body import MAX_BODY, parse_body, parse_small, read_body, validate
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform, perform_once
from domain.errors import pointer
from services.audience.contacts import bulk
from services.audience.contacts import changing as rules
from services.audience.contacts.given import PutContact, read_contact
from services.audience.contacts.upserting import MOST_ITEMS, Result
from services.changes import Change

router = APIRouter(prefix="/api/contacts", tags=["contacts"])

_MOST_VALUES = 100_000
"""In a body with many contacts."""

_ExternalId = Annotated[QueryText, Path(min_length=1, max_length=200, description="Your own id of the person.")]


class _Items(BaseModel):
    """The body of ``BulkContacts``: each item is validated by itself."""

    model_config = ConfigDict(extra="forbid")

    contacts: Annotated[list[Any], Field(min_length=1, max_length=MOST_ITEMS)]


@router.put(
    "/by-external-id/{external_id}",
    summary="Make or change a contact by your own id",
    response_model=None,
    responses=answers(models.ContactAnswer, 409, 412),
    openapi_extra=documented_body(PutContact),
)
async def put_contact(
    request: Request, external_id: _ExternalId, principal: Holder, dry_run: DryRun = False
) -> Response:
    """Where nobody has the id, who has one of the addresses gets it. What is left out stays, `null` removes a value."""
    given = parse_body(await read_body(request), PutContact).model_dump(exclude_unset=True)

    async def work(made: Change) -> Answer:
        values = given | {"external_id": external_id}
        check = matching(request, made)
        outcome, contact = await rules.put(made, principal.account_id, values, check=check)
        return outcome, await shown_of(made.store, contact)

    return await perform(request, user_actor(request, principal), "contact.put", work, dry_run=dry_run)


@router.post(
    "/bulk",
    summary="Make or change up to 1,000 contacts",
    response_model=None,
    responses=answers(models.BulkAnswer, 409, 413),
    openapi_extra=documented_body(models.BulkContacts, idempotent=True),
)
async def put_contacts(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Each is done or refused by itself, in their order; the answer has a result for each."""
    raw = await read_body(request, MAX_BODY)
    items = validate(parse_small(raw, _MOST_VALUES), _Items).contacts

    async def work(made: Change, _: KeyClaim) -> Answer:
        results = await bulk.put_many(made, principal.account_id, items, read_contact)
        done = [_result(number, result) for number, result in enumerate(results)]
        return "done", bulk.counts(results) | {"results": done}

    return await perform_once(request, user_actor(request, principal), "contacts.put", raw, work, dry_run=dry_run)


@router.post(
    "/{contact}/merge",
    summary="Make one contact of two",
    response_model=None,
    responses=answers(models.MergedAnswer, 409, 412),
    openapi_extra=documented_body(models.MergeContact),
)
async def merge_contacts(request: Request, contact: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """This one stays, and gets what it lacks, and all tags and groups. Where both have a value, its own stays."""
    body = parse_body(await read_body(request), models.MergeContact)

    async def work(made: Change) -> Answer:
        check = matching(request, made)
        kept, dropped = await rules.merge(made, principal.account_id, contact, body.other, body.take, check)
        return "merged", {"contact": await shown_of(made.store, kept), "dropped": dropped}

    return await perform(request, user_actor(request, principal), "contact.merged", work, dry_run=dry_run)


@router.post(
    "/{contact}/tags",
    summary="Add and remove tags of a contact",
    response_model=None,
    responses=answers(models.ContactAnswer, 409, 412),
    openapi_extra=documented_body(models.ChangeTags),
)
async def change_contact_tags(request: Request, contact: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """Others stay."""
    body = parse_body(await read_body(request), models.ChangeTags)

    async def work(made: Change) -> Answer:
        check = matching(request, made)
        changed = await rules.tag(made, principal.account_id, contact, body.add, body.remove, check)
        return "changed", await shown_of(made.store, changed)

    return await perform(request, user_actor(request, principal), "contact.tagged", work, dry_run=dry_run)


def _result(number: int, result: Result) -> dict[str, Any]:
    at = pointer("contacts", number)
    errors = [{"pointer": at + each.pointer, "code": each.code, "message": each.message} for each in result.errors]
    return {"outcome": result.outcome, "id": result.contact_id, "errors": errors}

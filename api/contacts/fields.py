"""``/api/contact-fields``: custom fields of contacts."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.contacts import list_models as models
from api.contacts.access import Holder
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Format, listed
from domain.audience.contacts.contact import MOST_FIELDS
from services.audience.contacts import custom_fields as rules
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.contacts import fields
from store.audience.contacts.fields import CustomField

router = APIRouter(prefix="/api/contact-fields", tags=["contacts"])

_Key = Annotated[QueryText, Path(max_length=50, description="The field's key.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.FieldAnswer, 409, 412)}


@router.get("", summary="Your custom fields", response_model=None, responses=answers(models.FieldPage))
async def list_fields(
    request: Request,
    principal: Holder,
    format: Format = None,
) -> Response:
    """There are few, so there is one page of them."""

    async def fetch(after: str | None, most: int) -> list[CustomField]:
        return [] if after else await fields.of_account(state_of(request).pool, principal.account_id)

    return await listed(request, MOST_FIELDS, None, format, fetch, shown, lambda field: str(field.key))


@router.post("", summary="Make a custom field", openapi_extra=documented_body(models.NewField, idempotent=True), **_one)
async def add_field(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Contacts have values of its type in `fields`."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewField)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "made", shown(await rules.add(made, principal.account_id, body.key, body.type, body.label))

    return await perform_once(request, user_actor(request, principal), "field.created", raw, work, dry_run=dry_run)


@router.get("/{field}", summary="Read a custom field", response_model=None, responses=answers(models.FieldAnswer))
async def get_field(request: Request, field: _Key, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    return answer_one(shown(await rules.find(state_of(request).pool, principal.account_id, field)))


@router.patch("/{field}", summary="Change a custom field", openapi_extra=documented_body(models.ChangeField), **_one)
async def change_field(request: Request, field: _Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its key and its type stay."""
    body = parse_body(await read_body(request), models.ChangeField)

    async def work(made: Change) -> Answer:
        locked = await _locked(request, made, principal, field)
        return "changed", shown(await rules.relabel(made, principal.account_id, locked, body.label))

    return await perform(request, user_actor(request, principal), "field.changed", work, dry_run=dry_run)


@router.delete(
    "/{field}", summary="Delete a custom field", response_model=None, responses=answers(models.RemovalAnswer, 412)
)
async def delete_field(request: Request, field: _Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """No more contacts get values of it; those that are there are removed by an operation."""

    async def work(made: Change) -> Answer:
        locked = await _locked(request, made, principal, field)
        return "deleted", {"operation": shown_operation(await rules.remove(made, principal.account_id, locked))}

    return await perform(request, user_actor(request, principal), "field.deleted", work, dry_run=dry_run)


async def _locked(request: Request, made: Change, principal: Principal, key: str) -> CustomField:
    field = await rules.find(made.store, principal.account_id, key, lock=True)
    check_match(request, shown(field))
    return field


def shown(field: CustomField) -> dict[str, Any]:
    """A custom field, as it is answered."""
    return {"key": field.key, "type": field.type, "label": field.label, "created_at": field.created_at}

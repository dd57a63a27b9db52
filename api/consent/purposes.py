"""``/api/purposes``: what an account's messages are for."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.consent.access import Holder
from api.consent.models import ChangePurpose, NewPurpose, PurposeAnswer, PurposeGone, PurposePage
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Format, listed
from domain.audience.purposes import MOST_PURPOSES, Purpose
from services.audience.consent import purposes as rules
from services.changes import Change

router = APIRouter(prefix="/api/purposes", tags=["consent"])

_Key = Annotated[QueryText, Path(max_length=50, description="The purpose's key.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(PurposeAnswer, 409, 412)}


@router.get("", summary="Your purposes", response_model=None, responses=answers(PurposePage))
async def list_purposes(
    request: Request,
    principal: Holder,
    format: Format = None,
) -> Response:
    """The built-in ones first. There are few, so there is one page of them."""

    async def fetch(after: str | None, most: int) -> list[Purpose]:
        return [] if after else await rules.all_of(state_of(request).pool, principal.account_id)

    return await listed(request, MOST_PURPOSES, None, format, fetch, shown, lambda purpose: purpose.key)


@router.post("", summary="Make a purpose", openapi_extra=documented_body(NewPurpose, idempotent=True), **_one)
async def add_purpose(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Send requests name it in `purpose` from then on."""
    raw = await read_body(request)
    body = parse_body(raw, NewPurpose)
    public = not body.transactional if body.public is None else body.public
    channels = tuple(dict.fromkeys(body.channels))
    new = Purpose(body.key, body.name, channels, body.default, public, body.transactional)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "made", shown(await rules.add(made, principal.account_id, new))

    return await perform_once(request, user_actor(request, principal), "purpose.created", raw, work, dry_run=dry_run)


@router.get("/{purpose}", summary="Read a purpose", response_model=None, responses=answers(PurposeAnswer))
async def get_purpose(request: Request, purpose: _Key, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    return answer_one(shown(await rules.find(state_of(request).pool, principal.account_id, purpose)))


@router.patch("/{purpose}", summary="Change a purpose", openapi_extra=documented_body(ChangePurpose), **_one)
async def change_purpose(request: Request, purpose: _Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """What recipients chose stays. A change of `default` counts for messages that wait, too."""
    body = parse_body(await read_body(request), ChangePurpose)
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "channels" in given:
        given["channels"] = tuple(dict.fromkeys(given["channels"]))

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find(made.store, principal.account_id, purpose)))
        return "changed", shown(await rules.alter(made, principal.account_id, purpose, given))

    return await perform(request, user_actor(request, principal), "purpose.changed", work, dry_run=dry_run)


@router.delete("/{purpose}", summary="Remove a purpose", response_model=None, responses=answers(PurposeGone, 409, 412))
async def remove_purpose(request: Request, purpose: _Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """No more messages may name it; those that wait obey its rules still. What recipients chose stays recorded."""

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find(made.store, principal.account_id, purpose)))
        await rules.remove(made, principal.account_id, purpose)
        return "removed", None

    return await perform(request, user_actor(request, principal), "purpose.removed", work, dry_run=dry_run)


def shown(purpose: Purpose) -> dict[str, Any]:
    """A purpose, as it is answered."""
    return {
        "key": purpose.key,
        "name": purpose.name,
        "channels": list(purpose.channels),
        "default": purpose.default,
        "public": purpose.public,
        "transactional": purpose.transactional,
        "built_in": purpose.is_built_in,
    }

"""``/api/suppressions``: who gets no more messages of an account."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response

from api.consent.access import Holder
from api.consent.suppression_models import (
    ListAnswer,
    NewSuppression,
    OwnRecipient,
    OwnSuppressionAnswer,
    OwnSuppressionPage,
    WriteSuppression,
)
from api.http.body import MAX_BODY, parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.limits.offload import Offload
from api.reference.openapi import IDEMPOTENCY_HEADER, answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, listed, place_in_time, read_place
from domain.channels import Channel
from services import suppressions as rules
from services.audience.consent.lists import ReadList, read_suppressions
from services.changes import Change
from store.audience import suppressions
from store.audience.suppressions import Suppression
from store.pool import Pool

router = APIRouter(prefix="/api/suppressions", tags=["consent"])

CSV: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
    "parameters": [IDEMPOTENCY_HEADER],
}
"""``openapi_extra`` of a route that reads a list."""

_one: dict[str, Any] = {"response_model": None, "responses": answers(OwnSuppressionAnswer, 404)}
_T = TypeVar("_T")


@router.get("", summary="Your suppressions, newest first", response_model=None, responses=answers(OwnSuppressionPage))
async def list_own_suppressions(
    request: Request,
    principal: Holder,
    channel: Channel | None = None,
    recipient: Annotated[QueryText | None, Query(max_length=320, description="In any of its spellings.")] = None,
    reason: Annotated[QueryText | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Why, since when, until when, and by which message. `format=csv` is a list that can be imported again."""
    wanted = suppressions.Filter(principal.account_id, channel, recipient, reason)
    fetch = partial(_fetch, state_of(request).pool, wanted)
    return await listed(request, limit, cursor, format, fetch, shown, _place)


@router.post("", summary="Suppress a recipient", openapi_extra=documented_body(NewSuppression), **_one)
async def add_own_suppression(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """It gets no more of your messages on this channel, also none of those that wait. Safe to repeat."""
    body = parse_body(await read_body(request), NewSuppression)

    async def work(made: Change) -> Answer:
        added = await rules.suppress(made, principal.account_id, body.channel, body.recipient, body.reason)
        return "suppressed", shown(added)

    return await perform(request, user_actor(request, principal), "suppression.added", work, dry_run=dry_run)


@router.put("", summary="Write a suppression", openapi_extra=documented_body(WriteSuppression), **_one)
async def put_own_suppression(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its reason and its end, over what is there: a wrong reason is corrected, a suppression ends by itself."""
    body = parse_body(await read_body(request), WriteSuppression)
    given = (principal.account_id, body.channel, body.recipient, body.reason, body.until)

    async def work(made: Change) -> Answer:
        return "written", shown(await rules.write(made, *given))

    return await perform(request, user_actor(request, principal), "suppression.changed", work, dry_run=dry_run)


@router.post("/remove", summary="End a suppression", openapi_extra=documented_body(OwnRecipient), **_one)
async def remove_own_suppression(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """You may send to this recipient again. Make sure that the recipient wants that."""
    body = parse_body(await read_body(request), OwnRecipient)

    async def work(made: Change) -> Answer:
        return "ended", shown(await rules.unsuppress(made, principal.account_id, body.channel, body.recipient))

    return await perform(request, user_actor(request, principal), "suppression.removed", work, dry_run=dry_run)


@router.post(
    "/import",
    summary="Add a list of suppressions",
    response_model=None,
    responses=answers(ListAnswer, 409, 413),
    openapi_extra=CSV,
)
async def import_suppressions(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """CSV in UTF-8, up to 1 MiB: `channel,recipient`, and `reason`, `created_at`, `until`, `uid` if you have them.

    Who is suppressed already stays so. Rows that cannot be read are left out, and named.
    """
    raw = await read_body(request, MAX_BODY)
    found = (
        await state_of(request)
        .part(Offload)
        .run(principal.account_id, len(raw), request.is_disconnected, read_suppressions, raw)
    )
    if isinstance(found, Exception):
        raise found
    read = found

    async def work(made: Change, _: KeyClaim) -> Answer:
        return list_added(await rules.add_list(made, principal.account_id, read.rows), read)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "suppression.imported", raw, work, dry_run=dry_run)


def list_added(added: int, read: ReadList[_T]) -> Answer:
    """What came of a list, as it is answered."""
    errors = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in read.errors]
    return f"{added} rows added", {"added": added, "refused": read.refused, "errors": errors}


async def _fetch(pool: Pool, wanted: suppressions.Filter, place: str | None, most: int) -> Sequence[Suppression]:
    return await suppressions.page(pool, wanted, read_place(place, int, str, str), most)


def _place(row: Suppression) -> str:
    return place_in_time(row.created_at, row.account_id, row.channel, row.recipient)


def shown(row: Suppression) -> dict[str, Any]:
    """A suppression, as it is answered to its account."""
    return {
        "channel": row.channel,
        "recipient": row.recipient,
        "reason": row.reason,
        "created_at": row.created_at,
        "until": row.until,
        "uid": row.uid,
    }

"""``/api/segments``: conditions that an account saves, and the contacts that meet them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.consent.access import Holder
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed, no_cursor
from api.resources.words import unless_word
from api.segments import models
from services.audience.segments import rules
from services.changes import Change
from store.audience.segments import matching, saved
from store.audience.segments.matching import Member

router = APIRouter(prefix="/api/segments", tags=["segments"], route_class=unless_word("segment", "count"))

_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.SegmentAnswer, 409, 412)}


@router.get("", summary="Your segments, newest first", response_model=None, responses=answers(models.SegmentPage))
async def list_segments(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """With their conditions."""
    pool = state_of(request).pool
    fetch = below_id(lambda below, most: saved.page(pool, principal.account_id, below, most))
    return await listed(request, limit, cursor, format, fetch, asdict)


@router.post("", summary="Save a segment", openapi_extra=documented_body(models.NewSegment, idempotent=True), **_one)
async def add_segment(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its contacts are those that meet the condition at any time: nothing is copied."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewSegment)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "saved", asdict(await rules.add(made, principal.account_id, body.key, body.name, body.condition))

    return await perform_once(request, user_actor(request, principal), "segment.created", raw, work, dry_run=dry_run)


@router.post(
    "/count",
    summary="Count the contacts that meet a condition",
    response_model=None,
    responses=answers(models.CountAnswer, 503),
    openapi_extra=documented_body(models.CountContacts),
)
async def count_contacts(request: Request, principal: Holder) -> Response:
    """The condition need not be saved. A count takes at most 10 seconds; `segment_too_slow` says that it took more."""
    condition = rules.read_condition(parse_body(await read_body(request), models.CountContacts).condition)
    found = await matching.count(state_of(request).pool, principal.account_id, condition, datetime.now(UTC))
    return answer_one({"count": found}, "counted")


@router.get("/{segment}", summary="Read a segment", response_model=None, responses=answers(models.SegmentAnswer))
async def get_segment(request: Request, segment: _Id, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    return answer_one(asdict(await rules.find(state_of(request).pool, principal.account_id, segment)))


@router.patch("/{segment}", summary="Change a segment", openapi_extra=documented_body(models.ChangeSegment), **_one)
async def change_segment(request: Request, segment: _Id, principal: Holder, dry_run: DryRun = False) -> Response:
    """The condition is replaced as a whole."""
    body = parse_body(await read_body(request), models.ChangeSegment)
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}

    async def work(made: Change) -> Answer:
        check_match(request, asdict(await rules.find(made.store, principal.account_id, segment)))
        return "changed", asdict(await rules.alter(made, principal.account_id, segment, given))

    return await perform(request, user_actor(request, principal), "segment.changed", work, dry_run=dry_run)


@router.delete(
    "/{segment}", summary="Delete a segment", response_model=None, responses=answers(models.SegmentGone, 412)
)
async def remove_segment(request: Request, segment: _Id, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its contacts stay."""

    async def work(made: Change) -> Answer:
        check_match(request, asdict(await rules.find(made.store, principal.account_id, segment)))
        await rules.remove(made, principal.account_id, segment)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "segment.deleted", work, dry_run=dry_run)


@router.get(
    "/{segment}/contacts",
    summary="The contacts of a segment",
    response_model=None,
    responses=answers(models.MemberPage, 503),
)
async def list_segment_contacts(
    request: Request,
    segment: _Id,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Those that meet its condition now, the longest known first."""
    pool, account = state_of(request).pool, principal.account_id
    condition = rules.read_condition((await rules.find(pool, account, segment)).condition)
    now = datetime.now(UTC)

    async def fetch(after: str | None, most: int) -> Sequence[Member]:
        return await matching.page(pool, account, condition, now, _contact(after), most)

    return await listed(request, limit, cursor, format, fetch, asdict)


@router.get(
    "/{segment}/explain/{contact}",
    summary="Why a contact is in a segment, or not",
    response_model=None,
    responses=answers(models.ExplanationAnswer),
)
async def explain_segment(request: Request, segment: _Id, contact: UUID, principal: Holder) -> Response:
    """Each part of the condition with its result, and the value that it met."""
    pool, account = state_of(request).pool, principal.account_id
    condition = rules.read_condition((await rules.find(pool, account, segment)).condition)
    return answer_one(asdict(await rules.explain(pool, account, condition, contact)))


def _contact(place: str | None) -> UUID | None:
    try:
        return None if place is None else UUID(place)
    except ValueError:
        raise no_cursor() from None

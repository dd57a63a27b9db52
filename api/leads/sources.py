"""``/api/lead-sources``: pages, forms and ad accounts that leads come from."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.leads import models
from api.leads.access import Holder, Reader, Which
from api.leads.shown import shown, shown_all
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from services.changes import Change
from services.leads import rules
from store.leads import sources

router = APIRouter(prefix="/api/lead-sources", tags=["leads"])

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.SourceAnswer, 409, 412)}
_made: dict[str, Any] = {"response_model": None, "responses": answers(models.NewSourceAnswer, 404, 409, 412)}


@router.get(
    "", summary="Your sources of leads, newest first", response_model=None, responses=answers(models.SourcePage)
)
async def list_lead_sources(
    request: Request,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their credentials: nobody reads those again."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Mapping[str, Any]]:
        return await shown_all(request, pool, await sources.page(pool, principal.account_id, before, most))

    return await listed(request, limit, cursor, format, beyond_id(page), dict, lambda row: str(row["id"]))


@router.post(
    "",
    summary="Make a source of leads",
    openapi_extra=documented_body(models.SourceBody, idempotent=True),
    **_made,
)
async def add_lead_source(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """The answer says where the provider is to post leads to, and has the credentials that we chose: once."""
    raw = await read_body(request)
    body, keyring = parse_body(raw, models.SourceBody), state_of(request).keyring

    async def work(made: Change, _: KeyClaim) -> Answer:
        given = body.credentials.given()
        new = await rules.add(made, keyring, principal.account_id, body.kind, body.name, body.given(), given)
        return "made", await shown(request, made.store, new.source) | {"once": new.once}

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "lead_source.created", raw, work, dry_run=dry_run, is_secret=True)


@router.get("/{source}", summary="A source of leads", **_one)
async def get_lead_source(request: Request, source: Which, principal: Reader) -> Response:
    """By its id or its key."""
    pool = state_of(request).pool
    return answer_one(await shown(request, pool, await rules.find(pool, principal.account_id, source)))


@router.patch(
    "/{source}", summary="Change a source of leads", openapi_extra=documented_body(models.ChangeSource), **_made
)
async def change_lead_source(request: Request, source: Which, principal: Holder, dry_run: DryRun = False) -> Response:
    """From the next lead on. A new credential has those go on that wait.

    Who changes `page_id`, `owner` or `api_url` gives the token again: it is for one place only."""
    body = parse_body(await read_body(request), models.ChangeSource)
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            found = await rules.find(made.store, principal.account_id, source, lock=True)
            check_match(request, await shown(request, made.store, found))
        given = body.credentials.given()
        after = await rules.alter(
            made, keyring, principal.account_id, source, body.given(), given, body.name, body.enabled
        )
        return "changed", await shown(request, made.store, after.source) | {"once": after.once}

    return await perform(request, user_actor(request, principal), "lead_source.changed", work, dry_run=dry_run)


@router.delete(
    "/{source}", summary="Delete a source of leads", response_model=None, responses=answers(models.SourceGone, 412)
)
async def remove_lead_source(request: Request, source: Which, principal: Holder, dry_run: DryRun = False) -> Response:
    """With its leads. Contacts that they became stay. What is posted for it is not taken from now on."""

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            found = await rules.find(made.store, principal.account_id, source, lock=True)
            check_match(request, await shown(request, made.store, found))
        await rules.remove(made, principal.account_id, source)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "lead_source.deleted", work, dry_run=dry_run)


@router.post(
    "/{source}/park",
    summary="Have the leads of a source wait",
    openapi_extra=documented_body(models.ParkSource, required=False),
    **_one,
)
async def park_lead_source(request: Request, source: Which, principal: Holder, dry_run: DryRun = False) -> Response:
    """They are stored, and nothing else is done until it is resumed."""
    raw = await read_body(request)
    body = parse_body(raw, models.ParkSource) if raw else models.ParkSource()

    async def work(made: Change) -> Answer:
        return "parked", await shown(
            request, made.store, await rules.park(made, principal.account_id, source, body.reason)
        )

    return await perform(request, user_actor(request, principal), "lead_source.parked", work, dry_run=dry_run)


@router.post("/{source}/resume", summary="Have the leads of a source go on", **_one)
async def resume_lead_source(request: Request, source: Which, principal: Holder, dry_run: DryRun = False) -> Response:
    """All that wait, in the order in which they came; then those are looked for that were missed."""

    async def work(made: Change) -> Answer:
        return "resumed", await shown(request, made.store, await rules.resume(made, principal.account_id, source))

    return await perform(request, user_actor(request, principal), "lead_source.resumed", work, dry_run=dry_run)


@router.post(
    "/{source}/backfill",
    summary="Look for leads of a source that were missed",
    openapi_extra=documented_body(models.Backfill, required=False),
    **_one,
)
async def backfill_lead_source(request: Request, source: Which, principal: Holder, dry_run: DryRun = False) -> Response:
    """In some seconds. It is done once a day anyway, and whenever the source is resumed. None comes twice."""
    raw = await read_body(request)
    body = parse_body(raw, models.Backfill) if raw else models.Backfill()

    async def work(made: Change) -> Answer:
        found = await rules.look_for(made, principal.account_id, source, body.since)
        return "looked for", await shown(request, made.store, found)

    return await perform(request, user_actor(request, principal), "lead_source.backfilled", work, dry_run=dry_run)

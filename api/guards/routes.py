"""``/api/guards``: what an account's messages must not do."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.consent.access import Holder
from api.guards import models
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from api.resources.listing import Cursor, Format, Limit, listed, place_in_time, read_place
from services.audience.guards.models import GuardsBody, shown
from services.audience.guards.rules import change_guards
from services.changes import Change
from store.audience.guards import refusals, settings
from store.audience.guards.refusals import NotedRefusal

router = APIRouter(prefix="/api/guards", tags=["guards"])


@router.get("", summary="Your guards", response_model=None, responses=answers(models.GuardsAnswer))
async def get_guards(request: Request, principal: Holder) -> Response:
    """They hold for whatever is sent, whatever way it comes."""
    return answer_one(shown(await settings.read(state_of(request).pool, principal.account_id)))


@router.patch(
    "",
    summary="Change your guards",
    response_model=None,
    responses=answers(models.GuardsAnswer, 412),
    openapi_extra=documented_body(GuardsBody),
)
async def patch_guards(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """A part that is given replaces the one that is there. They hold for messages that wait already, too."""
    body = parse_body(await read_body(request), GuardsBody)

    async def work(made: Change) -> Answer:
        check_match(request, shown(await settings.read(made.store, principal.account_id, lock=True)))
        return "changed", shown(await change_guards(made, principal.account_id, body))

    return await perform(request, user_actor(request, principal), "guards.changed", work, dry_run=dry_run)


@router.get(
    "/refusals",
    summary="What the pumping guard refused, or would have",
    response_model=None,
    responses=answers(models.RefusalPage),
)
async def list_guard_refusals(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """In the last 30 days, the newest first."""
    pool = state_of(request).pool

    async def fetch(after: str | None, most: int) -> Sequence[NotedRefusal]:
        return await refusals.page(pool, principal.account_id, read_place(after, UUID, str), most)

    return await listed(request, limit, cursor, format, fetch, asdict, _place)


def _place(noted: NotedRefusal) -> str:
    return place_in_time(noted.at, noted.uid, noted.code)

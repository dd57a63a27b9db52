"""``/api/admin/v1/plans``: what plans give: credits, limits and gateways."""

import re
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.accounts import models
from api.admin.managed import managed_by
from api.admin.models import NothingAnswer
from api.admin.paths import PlanRef
from api.http.body import parse_small, read_body, validate
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.access.actors import Actor
from services.accounts import plans as rules
from services.changes import Change
from store.accounts import plans
from store.accounts.plans import MOST_RATES, NewPlan, Plan

router = APIRouter(prefix="/api/admin/v1/plans", tags=["admin: plans"])

_ID = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST_BODY = 256 * 1024
_MOST_VALUES = 10 * MOST_RATES
_Reader = Annotated[Actor, Depends(Allows("plans:read"))]
_Writer = Annotated[Actor, Depends(Allows("plans:write"))]
_Deleter = Annotated[Actor, Depends(Allows("plans:delete"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.PlanAnswer, 409, 412)}


@router.post("", summary="Create a plan", openapi_extra=documented_body(NewPlan, idempotent=True), **_one)
async def create_plan(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """What is left out has its default."""
    raw = await read_body(request, _LARGEST_BODY)
    new = rules.checked_plan(parse_small(raw, _MOST_VALUES))

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "created", shown(await rules.create_plan(made, new))

    return await perform_once(request, actor, "plan.created", raw, work, dry_run=dry_run)


@router.get("", summary="Plans, newest first", response_model=None, responses=answers(models.PlanPage))
async def list_plans(
    request: Request,
    _: _Reader,
    q: Annotated[QueryText | None, Query(max_length=100, description="A part of the name.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Whether anybody has them or not."""
    fetch = below_id(partial(plans.page, state_of(request).pool, q))
    return await listed(request, limit, cursor, format, fetch, shown)


@router.get("/{plan}", summary="Read a plan", response_model=None, responses=answers(models.PlanAnswer))
async def get_plan(request: Request, plan: PlanRef, _: _Reader) -> Response:
    """By its id or its name."""
    return answer_one(shown(await plans.find(state_of(request).pool, _meant(plan))))


@router.patch("/{plan}", summary="Change a plan", openapi_extra=documented_body(models.PatchPlan), **_one)
async def change_plan(request: Request, plan: PlanRef, actor: _Writer, dry_run: DryRun = False) -> Response:
    """As a JSON Merge Patch: fields left out stay, `null` gives the default; `channels` is merged, lists are replaced.

    For users that have the plan, daily limits, gateways, `own_gateways`, `rate_class` and `rates` count from the next
    request on; credits and the period count from the next renewal on. Who has it without an end keeps it without one.
    """
    body = validate(parse_small(await read_body(request, _LARGEST_BODY), _MOST_VALUES), models.PatchPlan)
    patch = body.model_dump(mode="json", exclude_unset=True)

    async def work(made: Change) -> Answer:
        found = await rules.find_plan(made, _meant(plan))
        check_match(request, shown(found))
        return "changed", shown(await rules.change_plan(made, found.id, patch))

    return await perform(request, actor, "plan.updated", work, dry_run=dry_run)


@router.delete(
    "/{plan}",
    summary="Delete a plan",
    response_model=None,
    responses=answers(NothingAnswer, 409, 412),
)
async def delete_plan(request: Request, plan: PlanRef, actor: _Deleter, dry_run: DryRun = False) -> Response:
    """One that nobody has, not even a deleted user, who can be restored."""

    async def work(made: Change) -> Answer:
        found = await rules.find_plan(made, _meant(plan))
        check_match(request, shown(found))
        await rules.delete_plan(made, found.id)
        return "deleted", None

    return await perform(request, actor, "plan.deleted", work, dry_run=dry_run)


def shown(plan: Plan) -> dict[str, Any]:
    """A plan, as it is answered."""
    return {
        "id": plan.id,
        "name": plan.name,
        "price_cents": plan.price_cents,
        "currency": plan.currency,
        "period": plan.period,
        "own_gateways": plan.own_gateways,
        "rate_class": plan.rate_class,
        "channels": plan.channels,
        "gateways": plan.gateways,
        "rates": plan.rates,
        "allowed_countries": plan.allowed_countries,
        "created_at": plan.created_at,
        "managed_by": managed_by(plan.is_in_file),
    }


def _meant(plan: str) -> int | str:
    """The id or the name that stands in a path."""
    return int(plan) if _ID.fullmatch(plan) else plan

"""``/api/automations/…/counts``: what came of an automation, in numbers."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.automations.results import count_models as models
from api.automations.routes import Key
from api.campaigns.routes import Holder
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.changing import answer_one
from services.automations import rules
from services.automations.results import counts

router = APIRouter(prefix="/api/automations", tags=["automations"])

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only this version.")]
From = Annotated[date | None, Query(alias="from", description="Only on this day (UTC) or later, such as `2026-12-01`.")]
Until = Annotated[date | None, Query(description="Only on this day (UTC) or before.")]


@router.get(
    "/{automation}/counts",
    summary="What came of an automation, by version and step",
    response_model=None,
    responses=answers(models.CountsAnswer),
)
async def get_automation_counts(
    request: Request,
    automation: Key,
    principal: Holder,
    version: Version = None,
    from_: From = None,
    until: Until = None,
) -> Response:
    """Who entered, what each step came to, messages by state, and who reached the goal. Who is inside is always counted
    as of now; a message counts on the day on which its step was taken."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    versions = await counts.of_automation(pool, found.id, version, from_, until)
    return answer_one({"from": from_, "until": until, "versions": [asdict(one) for one in versions]})

"""``GET /api/lead-sources/{source}/speed``: how fast leads are answered."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.state import state_of
from api.leads.access import Reader, Which
from api.reference.openapi import answers
from api.resources.changing import answer_one
from services.leads import rules
from services.leads.speed import measure

router = APIRouter(prefix="/api/lead-sources", tags=["leads"])

_USUAL_DAYS, _MOST_DAYS = 7, 31


class ShownSpeed(BaseModel):
    """How fast the leads of a source were answered. Those that came by themselves count: no tests, imports and
    backfills."""

    model_config = ConfigDict(extra="forbid")

    since: datetime
    leads: int
    answered: int = Field(description="Those to whom a message went out.")
    median_seconds: float | None = Field(
        description="From when the provider got the lead to when the first message went out; `null`: none did."
    )
    p95_seconds: float | None
    states: dict[str, int] = Field(description="How many leads came, however they did, by the state they are in.")


class SpeedAnswer(BaseModel):
    """The answer."""

    success: bool
    message: str
    data: ShownSpeed


@router.get(
    "/{source}/speed",
    summary="How fast the leads of a source are answered",
    response_model=None,
    responses=answers(SpeedAnswer),
)
async def get_lead_source_speed(
    request: Request,
    source: Which,
    principal: Reader,
    days: Annotated[int, Query(ge=1, le=_MOST_DAYS, description="Of the last days.")] = _USUAL_DAYS,
) -> Response:
    """A message counts from when a gateway accepted it. That is looked for some seconds later; for a lead that has
    waited for hours, minutes later."""
    pool = state_of(request).pool
    found = await measure(pool, (await rules.find(pool, principal.account_id, source)).id, days)
    return answer_one({"since": found.since, **asdict(found.speed), "states": dict(found.states)})

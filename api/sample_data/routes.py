"""``/api/sample-data``: something to look around with, and its end."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.consent.access import Holder
from api.http.body import read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from services.changes import Change
from services.sample_data import filling

router = APIRouter(prefix="/api/sample-data", tags=["contacts"])


class ShownSampleData(BaseModel):
    """Whether there is some."""

    model_config = ConfigDict(extra="forbid")

    contacts: int = Field(description="How many were made; 0: there is no sample data.")
    made_at: datetime | None


class SampleDataAnswer(BaseModel):
    """Sample data of an account."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: ShownSampleData
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


@router.get("", summary="Whether there is sample data", response_model=None, responses=answers(SampleDataAnswer))
async def get_sample_data(request: Request, principal: Holder) -> Response:
    """What `POST` made, and `DELETE` takes away."""
    return answer_one(await filling.read(state_of(request).pool, principal.account_id))


@router.post(
    "",
    summary="Fill your account with sample data",
    response_model=None,
    responses=answers(SampleDataAnswer, 409),
    openapi_extra={"parameters": [IDEMPOTENCY_HEADER]},
)
async def add_sample_data(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """A few contacts of nobody's addresses in a group, a segment, a template and a draft of an automation.

    Nothing is sent. A repeat makes nothing.
    """

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "filled", await filling.fill(made, principal.account_id)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "sample_data.added", await read_body(request), work, dry_run=dry_run)


@router.delete("", summary="Remove the sample data", response_model=None, responses=answers(SampleDataAnswer))
async def remove_sample_data(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """What you have not changed, published or used for contacts of your own; the rest stays, and is yours."""

    async def work(made: Change) -> Answer:
        return "removed", await filling.clear(made, principal.account_id)

    return await perform(request, user_actor(request, principal), "sample_data.removed", work, dry_run=dry_run)

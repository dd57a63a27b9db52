"""``/api/runs/{run}/move`` and ``/skip``: where a run goes on, by hand."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.automations import models, steering_models
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform
from services.automations.by_hand import steering
from services.automations.flows import Flows
from services.changes import Change

router = APIRouter(prefix="/api/runs/{run}", tags=["automations"])


@router.post(
    "/move",
    summary="Have a run go on at another step",
    response_model=None,
    responses=answers(models.ChangedRunAnswer, 409),
    openapi_extra=documented_body(steering_models.MoveBody),
)
async def move_run(request: Request, run: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """At a step of its version, forward or back; also one that failed. What it has behind it stays as it is."""
    body = parse_body(await read_body(request), steering_models.MoveBody)
    flows = state_of(request).part(Flows)

    async def work(made: Change) -> Answer:
        after = await steering.move(made, flows, principal.account_id, run, body.step, body.from_)
        return "it goes on", {"id": run, "state": after.state, "step": after.step}

    return await perform(request, user_actor(request, principal), "run.moved", work, dry_run=dry_run)


@router.post(
    "/skip",
    summary="Have a run pass over the step in which it waits",
    response_model=None,
    responses=answers(models.ChangedRunAnswer, 409),
    openapi_extra=documented_body(steering_models.SkipBody, required=False),
)
async def skip_run(request: Request, run: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """With all of the step's arms: it goes on behind it. Name the step, and no other one is passed over."""
    body = parse_body(await read_body(request) or b"{}", steering_models.SkipBody)
    flows = state_of(request).part(Flows)

    async def work(made: Change) -> Answer:
        after = await steering.skip(made, flows, principal.account_id, run, body.step)
        return "it goes on", {"id": run, "state": after.state, "step": after.step}

    return await perform(request, user_actor(request, principal), "run.skipped", work, dry_run=dry_run)

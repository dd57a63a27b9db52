"""What automations would do, and automations to start from."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.automations import simulating_models as models
from api.automations.routes import MOST_VALUES
from api.automations.runs import find_run
from api.campaigns.routes import Holder
from api.http.body import SMALL_BODY, parse_small, read_body, validate
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.changing import answer_one
from domain.automations.definition.flow import Flow
from domain.automations.definition.limits import MAX_BYTES
from domain.automations.definition.parsing import parse_flow
from services.automations import rules
from services.automations.simulating.choosing import definition_of
from services.automations.simulating.replaying import replay
from services.automations.simulating.report import shown
from services.automations.simulating.simulating import Simulations
from services.automations.starters.listing import starter as find_starter
from services.automations.starters.listing import starters
from store.automations import automations

router = APIRouter(tags=["automations"])

_MOST_BYTES = MAX_BYTES + SMALL_BODY


@router.post(
    "/api/automations/simulate",
    summary="Simulate an automation",
    response_model=None,
    responses=answers(models.SimulationAnswer, 409, 413),
    openapi_extra=documented_body(models.SimulateBody),
)
async def simulate_automation(request: Request, principal: Holder) -> Response:
    """All steps at once, with a clock that jumps from wait to wait: what is sent and when, what it costs, why branches
    are taken, and whether it comes out as expected. Nothing is sent, called or changed.
    """
    state = state_of(request)
    body = validate(parse_small(await read_body(request, _MOST_BYTES), MOST_VALUES), models.SimulateBody)
    if body.automation is None:
        flow = await asyncio.to_thread(parse_flow, body.definition)
    else:
        found = await rules.find(state.pool, principal.account_id, body.automation)
        flow = await definition_of(state.pool, found, body.version)
    report = await state.part(Simulations).simulate(principal.account_id, flow, body)
    return answer_one(shown(report, body.expect))


@router.post(
    "/api/runs/{run}/replay",
    summary="Replay a run by another definition",
    response_model=None,
    responses=answers(models.ReplayAnswer, 409, 413),
    openapi_extra=documented_body(models.ReplayBody, required=False),
)
async def replay_run(request: Request, run: UUID, principal: Holder) -> Response:
    """Would the draft have done the same? The contact is as it is now; its entry and its events are as they were."""
    state = state_of(request)
    raw = await read_body(request, _MOST_BYTES) or b"{}"
    body = validate(parse_small(raw, MOST_VALUES), models.ReplayBody)
    found = await find_run(state.pool, principal.account_id, run)
    if body.definition is not None:
        flow: Flow = await asyncio.to_thread(parse_flow, body.definition)
    else:
        automation = await automations.of_id(state.pool, found.automation_id)
        assert automation is not None, "runs are deleted with their automation"
        flow = await definition_of(state.pool, automation, body.version)
    report, compared = await replay(state.part(Simulations), state.pool, flow, found)
    return answer_one(shown(report) | compared | {"run": found.id})


@router.get(
    "/api/automations/starters",
    summary="Automations to start from",
    response_model=None,
    responses=answers(models.StartersAnswer),
)
async def list_starters(request: Request, principal: Holder) -> Response:
    """Complete definitions with short texts; each has cases that simulate it."""
    return answer_one({"starters": [one.shown for one in starters().values()]})


@router.get(
    "/api/automations/starters/{starter}",
    summary="An automation to start from",
    response_model=None,
    responses=answers(models.StarterAnswer),
)
async def get_starter(
    request: Request, principal: Holder, starter: Annotated[str, Path(max_length=100, description="Its name.")]
) -> Response:
    """Save its `definition` as your own, and simulate its `tests`."""
    found = find_starter(starter)
    return answer_one(found.shown | {"definition": found.definition, "tests": found.tests})

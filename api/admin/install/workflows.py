"""``/api/admin/v1/workflows``: those that failed or hang by a bug, and what is done with many of them at a time."""

import base64
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.admin.install import workflow_models as models
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from api.resources.listing import Limit, Partial, listed, no_cursor
from domain.access.actors import Actor
from domain.channels import Channel
from domain.errors import InvalidError
from runtime.settings import Settings
from services.changes import Change
from services.workflows import progress as jobs
from services.workflows.acting import acted, begin
from services.workflows.finding import Row, counts_of, latest, page
from services.workflows.naming import Kind, web_page, workflow_of
from services.workflows.planning import Act, Planned, plan
from services.workflows.wanted import Wanted

router = APIRouter(prefix="/api/admin/v1/workflows", tags=["admin: install"])

_Reader = Annotated[Actor, Depends(Allows("workflows:read"))]
_Writer = Annotated[Actor, Depends(Allows("workflows:write"))]
_MANY = Allows("workflows:read", may_repeat=("status",))
_Job = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,100}$", description="As it was answered when it began.")]
_Cursor = Annotated[str | None, Query(max_length=4000, description="`next_cursor` of the page before.")]
_Word = Annotated[QueryText | None, Query(max_length=200)]
_act: dict[str, Any] = {"response_model": None, "responses": answers(models.ActAnswer, 409)}


def _wanted(
    id: Annotated[QueryText | None, Query(max_length=200, description="Only this one.")] = None,
    type: Annotated[QueryText | None, Query(max_length=200, description="Such as `SendWorkflow`.")] = None,
    channel: Channel | None = None,
    lane: _Word = None,
    account: Annotated[
        QueryText | None, Query(max_length=200, description="An id; `0`: the admin; `shared`: of several.")
    ] = None,
    outcome: Annotated[
        QueryText | None, Query(max_length=200, description="`failed`, `expired`, `unknown` or `parked`.")
    ] = None,
    status: Annotated[
        list[models.Status],
        Query(
            description="A repeated one means any of them. Left out: those that run, failed or timed out, by an "
            "outcome also those that completed."
        ),
    ] = [],
    started_before: Moment | None = None,
) -> Wanted:
    return Wanted(type, channel, lane, account, outcome, tuple(status), started_before, id)


_Filter = Annotated[Wanted, Depends(_wanted)]


@router.get(
    "",
    summary="Workflows that run, failed or hang",
    response_model=None,
    responses=answers(models.WorkflowPage, 409),
)
async def list_workflows(
    request: Request,
    _: Annotated[Actor, Depends(_MANY)],
    wanted: _Filter,
    limit: Limit = 50,
    cursor: _Cursor = None,
) -> Response:
    """Those that run, the newest first, then those that ended, the latest end first. Temporal's index is some moments
    behind. Filters that are given all apply."""
    state = state_of(request)
    client = state.temporal

    async def fetch(place: str | None, most: int) -> list[Row]:
        rows, token = await page(client, wanted, most - 1, _token(place))
        return Partial(rows, base64.urlsafe_b64encode(token).decode()) if token else rows

    return await listed(request, limit, cursor, "json", fetch, partial(_shown, state.settings))


@router.get(
    "/one",
    summary="The workflow of a message, batch, run or lead",
    response_model=None,
    responses=answers(models.WorkflowAnswer, 404),
)
async def get_workflow(
    request: Request,
    _: _Reader,
    id: Annotated[QueryText | None, Query(max_length=200, description="Of the workflow itself.")] = None,
    message: UUID | None = None,
    batch: UUID | None = None,
    run: UUID | None = None,
    lead: UUID | None = None,
) -> Response:
    """As it is now, not as Temporal's index has it. Name one of them. What ended is kept for some days."""
    state = state_of(request)
    named: dict[Kind, UUID | None] = {"message": message, "batch": batch, "run": run, "lead": lead}
    given = [(kind, value) for kind, value in named.items() if value is not None]
    if len(given) + (id is not None) != 1:
        raise InvalidError("workflow_filter", "name one of id, message, batch, run and lead")
    workflow = id if id is not None else await workflow_of(state.pool, *given[0])
    found = await latest(state.temporal, workflow)
    return answer_one(_shown(state.settings, found), f"it is {found.status}")


@router.get(
    "/counts",
    summary="How many workflows there are, by type and status",
    response_model=None,
    responses=answers(models.WorkflowCounts, 409),
)
async def count_workflows(request: Request, _: Annotated[Actor, Depends(_MANY)], wanted: _Filter) -> Response:
    """With the same filters. `stuck` ones also count as `running`."""
    counts = await counts_of(state_of(request).temporal, wanted)
    return json_response({"data": [asdict(one) for one in counts], "next_cursor": None})


@router.post(
    "/reset",
    summary="Have workflows go on from their last task",
    openapi_extra=documented_body(models.ActOnWorkflows, idempotent=True),
    **_act,
)
async def reset_workflows(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Those that failed, timed out or are stuck, on the code of now. A dry run tells how many, and what it means."""
    raw = await read_body(request)
    return await _do(request, actor, "reset", raw, parse_body(raw, models.ActOnWorkflows), dry_run=dry_run)


@router.post(
    "/terminate",
    summary="End workflows at once",
    openapi_extra=documented_body(models.ActOnWorkflows, idempotent=True),
    **_act,
)
async def terminate_workflows(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """What was to be sent by them is not sent. A dry run tells how many there are, and what their end means."""
    raw = await read_body(request)
    return await _do(request, actor, "terminate", raw, parse_body(raw, models.ActOnWorkflows), dry_run=dry_run)


@router.post(
    "/signal",
    summary="Have workflows look again",
    openapi_extra=documented_body(models.SignalWorkflows, idempotent=True),
    **_act,
)
async def signal_workflows(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Those that run get a signal without a value."""
    raw = await read_body(request)
    body = parse_body(raw, models.SignalWorkflows)
    return await _do(request, actor, "signal", raw, body, body.signal, dry_run=dry_run)


@router.get(
    "/jobs/{job}",
    summary="How far one of these is",
    response_model=None,
    responses=answers(models.JobAnswer, 404),
)
async def get_workflow_job(request: Request, job: _Job, _: _Reader) -> Response:
    """Until its `state` is `done` or `failed`."""
    found = await jobs.progress(state_of(request).temporal, job)
    return answer_one(asdict(found), f"it is {found.state}")


@router.post(
    "/jobs/{job}/stop",
    summary="End one of these",
    response_model=None,
    responses=answers(models.JobAnswer, 404, 409),
    openapi_extra=documented_body(models.StopJob, required=False),
)
async def stop_workflow_job(request: Request, job: _Job, actor: _Writer, dry_run: DryRun = False) -> Response:
    """What it has done stays."""
    body = parse_body(await read_body(request) or b"{}", models.StopJob)
    client = state_of(request).temporal

    async def work(made: Change) -> Answer:
        await jobs.stop(made, client, job, body.reason, is_dry=dry_run)
        return "stopped", asdict(await jobs.progress(client, job))

    return await perform(request, actor, "workflows.stop", work, dry_run=dry_run)


async def _do(
    request: Request,
    actor: Actor,
    act: Act,
    raw: bytes,
    body: models.ActOnWorkflows,
    signal: str | None = None,
    *,
    dry_run: bool,
) -> Response:
    """Begin it, once for each idempotency key. What matches is counted before the transaction: that takes seconds."""
    client, given = state_of(request).temporal, body.filter
    wanted = _wanted(**dict(given))
    planned: list[Planned] = []

    async def count() -> None:
        planned.append(await plan(client, act, wanted, body.reason, signal, is_dry=dry_run))

    async def work(made: Change, claim: KeyClaim) -> Answer:
        done = acted(planned[0]) if dry_run else await begin(made, client, planned[0], claim.id)
        return "begun" if done.job else "counted", asdict(done)

    return await perform_once(request, actor, f"workflows.{act}", raw, work, dry_run=dry_run, beforehand=count)


def _shown(settings: Settings, row: Row) -> dict[str, Any]:
    return asdict(row) | {"url": web_page(settings, row.id, row.run_id)}


def _token(place: str | None) -> bytes | None:
    if place is None:
        return None
    try:
        return base64.urlsafe_b64decode(place)
    except ValueError:
        raise no_cursor() from None

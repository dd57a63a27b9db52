"""``/api/automations/…/failures`` and ``/retries``: runs that failed, and all of them tried again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from api.automations.results import failure_models as models
from api.automations.routes import Key
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed, no_cursor
from services.automations import rules
from services.automations.flows import Flows
from services.automations.results import retrying
from services.changes import Change
from store.automations.results import failed_runs, retries
from store.automations.results.failed_runs import Failures, Troubled, Wanted
from store.automations.results.retries import Retry

router = APIRouter(prefix="/api/automations", tags=["automations"])

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only of this version.")]
Step = Annotated[str | None, Query(max_length=64, description="Only at this step.")]
Code = Annotated[str | None, Query(max_length=100, description="Only those with this code.")]
From = Annotated[AwareDatetime | None, Query(alias="from", description="Only at this time or later.")]
Until = Annotated[AwareDatetime | None, Query(description="Only before this time.")]


@router.get(
    "/attention",
    summary="Automations that somebody should look at",
    response_model=None,
    responses=answers(models.TroublePage),
)
async def list_troubled_automations(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Runs of theirs failed and were not tried again, or they were paused as too many failed. Not those archived."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Troubled]:
        return await failed_runs.troubled(pool, principal.account_id, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), asdict)


@router.get(
    "/{automation}/failures",
    summary="Runs of an automation that failed, by step and code",
    response_model=None,
    responses=answers(models.FailurePage),
)
async def list_automation_failures(
    request: Request,
    automation: Key,
    principal: Holder,
    version: Version = None,
    step: Step = None,
    code: Code = None,
    from_: From = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Those that have failed by now, and were not tried again. `GET …/runs` lists them one by one."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    wanted = _wanted(version, step, code, from_, until)

    async def page(after: str | None, most: int) -> Sequence[Failures]:
        return await failed_runs.grouped(pool, found.id, wanted, _pair(after), most)

    return await listed(request, limit, cursor, format, page, asdict, lambda one: _place(one.step, one.code))


@router.post(
    "/{automation}/retry",
    summary="Have all failed runs of an automation go on",
    response_model=None,
    responses=answers(models.BegunRetryAnswer, 409),
    openapi_extra=documented_body(models.RetryBody, required=False, idempotent=True),
)
async def retry_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """At the steps that failed, the newest first. Workers do it, some hundred a second. A dry run tells how many there
    are, and what their messages cost at most."""
    raw = await read_body(request)
    body = parse_body(raw or b"{}", models.RetryBody)
    wanted = _wanted(body.version, body.step, body.code, body.from_, body.until)
    flows = state_of(request).part(Flows)

    async def work(made: Change, _: KeyClaim) -> Answer:
        begun = await retrying.begin(made, flows, principal.account_id, automation, wanted, body.most)
        shown = shown_retry(begun.retry) | {"inside_again": begun.left_out, "most_credits": begun.credits}
        return "they go on", shown

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "automation.retried", raw, work, dry_run=dry_run)


@router.get(
    "/{automation}/retries",
    summary="What was tried again of an automation",
    response_model=None,
    responses=answers(models.RetryPage),
)
async def list_automation_retries(
    request: Request,
    automation: Key,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """The newest first, with how far each has come."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)

    async def page(before: UUID | None, most: int) -> Sequence[Retry]:
        return await retries.page(pool, found.id, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown_retry)


@router.get(
    "/{automation}/retries/{retry}",
    summary="How far the failed runs have come that are tried again",
    response_model=None,
    responses=answers(models.RetryAnswer),
)
async def get_automation_retry(request: Request, automation: Key, retry: UUID, principal: Holder) -> Response:
    """Until `state` is `done` or `stopped`."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    return answer_one(shown_retry(await retrying.find(pool, found, retry)))


@router.post(
    "/{automation}/retries/{retry}/stop",
    summary="Try no further runs again",
    response_model=None,
    responses=answers(models.RetryAnswer, 409),
)
async def stop_automation_retry(
    request: Request, automation: Key, retry: UUID, principal: Holder, dry_run: DryRun = False
) -> Response:
    """Those that go on already do."""

    async def work(made: Change) -> Answer:
        return "stopped", shown_retry(await retrying.stop(made, principal.account_id, automation, retry))

    return await perform(request, user_actor(request, principal), "automation.retry_stopped", work, dry_run=dry_run)


def _wanted(
    version: int | None, step: str | None, code: str | None, since: datetime | None, until: datetime | None
) -> Wanted:
    return Wanted(version, step, code, since, until)


def shown_retry(retry: Retry) -> dict[str, Any]:
    """How far one has come, as it is answered."""
    row = asdict(retry)
    for name in ("automation_id", "account_id", "last", "actor"):
        del row[name]
    row["wanted"] = {
        {"since": "from"}.get(name, name): value for name, value in row["wanted"].items() if value is not None
    }
    return row


def _place(step: str, code: str) -> str:
    return orjson.dumps([step, code]).decode()


def _pair(place: str | None) -> tuple[str, str] | None:
    if place is None:
        return None
    try:
        step, code = orjson.loads(place)
    except ValueError:
        raise no_cursor() from None
    if not isinstance(step, str) or not isinstance(code, str):
        raise no_cursor()
    return step, code

"""``/api/automations/{automation}/runs`` and ``/api/runs``: contacts in automations, and who came."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from api.automations import models
from api.automations.routes import Key
from api.automations.starting import start
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from domain.errors import InvalidError, NotFoundError
from services.automations import rules
from services.automations.by_hand import steering
from services.automations.entering import Coming, enter
from services.automations.flows import Flows
from services.changes import Change
from store.audience.contacts import rows
from store.automations import automations, outbox, runs
from store.automations.entries import EntryNoted
from store.automations.outbox import Sent
from store.automations.results import lists
from store.automations.results.lists import EntryFilter, RunFilter
from store.automations.runs import Run
from store.pool import Connections

router = APIRouter(tags=["automations"])

From = Annotated[AwareDatetime | None, Query(alias="from", description="Only at this time or later.")]
Until = Annotated[AwareDatetime | None, Query(description="Only before this time.")]
_changed = answers(models.ChangedRunAnswer, 409)


@router.get(
    "/api/automations/{automation}/runs",
    summary="Contacts in an automation",
    response_model=None,
    responses=answers(models.RunPage),
)
async def list_automation_runs(
    request: Request,
    automation: Key,
    principal: Holder,
    state: Annotated[models.RunStateName | None, Query(description="Only those in this state.")] = None,
    step: Annotated[str | None, Query(max_length=64, description="Only those that are or ended there.")] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only those in this version.")] = None,
    contact: Annotated[UUID | None, Query(description="Only those of this contact.")] = None,
    reason: Annotated[str | None, Query(max_length=200, description="Only those that ended for this reason.")] = None,
    code: Annotated[str | None, Query(max_length=100, description="Only those that failed with this code.")] = None,
    from_: From = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """The newest first, also those that have ended. `from` and `until` are about when they entered."""
    pool = state_of(request).pool
    wanted = RunFilter(state, step, version, contact, reason, code, from_, until)
    found = await rules.find(pool, principal.account_id, automation)

    async def page(before: UUID | None, most: int) -> Sequence[Run]:
        return await lists.runs(pool, found.id, wanted, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), _shown)


@router.post(
    "/api/automations/{automation}/runs",
    summary="Have a contact enter an automation",
    response_model=None,
    responses=answers(models.EnteredAnswer, 409),
    openapi_extra=documented_body(models.EnterBody, idempotent=True),
)
async def enter_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """By its rules of entry. Whoever is refused is listed with the reason."""
    raw = await read_body(request)
    body = parse_body(raw, models.EnterBody)
    state, begun = state_of(request), list[UUID]()

    async def work(made: Change, claim: KeyClaim) -> Answer:
        found = await rules.find(made.store, principal.account_id, automation)
        if found.version is None:
            raise rules.never_published(automation)
        contact = await rows.get(made.store, principal.account_id, body.contact)
        if contact is None:
            raise InvalidError("contact_unknown", f"there is no contact {body.contact}", "/contact")
        of = await state.part(Flows).of(made.store, found.id, found.version, found.revision)
        coming = Coming(contact.id, "manual", str(claim.id), body.data)
        entered = await enter(made.store, found, of, coming, datetime.now(UTC))
        made.about("automation", found.key, found.name)
        if entered.run_id is not None:
            begun.append(entered.run_id)
        return entered.outcome, {"outcome": entered.outcome, "run": entered.run_id}

    actor = user_actor(request, principal)
    answer = await perform_once(request, actor, "automation.entered", raw, work, dry_run=dry_run)
    if not dry_run:
        await start(state, begun)
    return answer


@router.get(
    "/api/automations/{automation}/entries",
    summary="Who came to an automation, and who was not let in",
    response_model=None,
    responses=answers(models.EntryPage),
)
async def list_automation_entries(
    request: Request,
    automation: Key,
    principal: Holder,
    outcome: Annotated[str | None, Query(max_length=50, description="Only these, such as `already_inside`.")] = None,
    contact: Annotated[UUID | None, Query(description="Only those of this contact.")] = None,
    from_: From = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """The latest first."""
    pool = state_of(request).pool
    wanted = EntryFilter(outcome, contact, from_, until)
    found = await rules.find(pool, principal.account_id, automation)

    async def page(before: UUID | None, most: int) -> Sequence[EntryNoted]:
        return await lists.entries(pool, found.id, wanted, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), _shown_entry)


@router.get(
    "/api/runs/{run}",
    summary="What a contact did in an automation",
    response_model=None,
    responses=answers(models.RunAnswer),
)
async def get_run(request: Request, run: UUID, principal: Holder) -> Response:
    """Step by step, with what it sent."""
    pool = state_of(request).pool
    found = await find_run(pool, principal.account_id, run)
    of = await automations.of_id(pool, found.automation_id)
    assert of is not None, "runs are deleted with their automation"
    sent = (await outbox.sends(pool, [run]))[run]
    steps = [asdict(one) | {"message": _message(sent.get(one.number))} for one in await runs.steps(pool, run)]
    credited = await lists.credited(pool, found)
    more = {"automation": of.key, "event": found.event, "vars": found.vars, "answers": found.answers, "steps": steps}
    return answer_one(_shown(found) | more | {"credited": credited and asdict(credited)})


@router.post("/api/runs/{run}/retry", summary="Have a failed run go on", response_model=None, responses=_changed)
async def retry_run(request: Request, run: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """At the step that failed, which is taken again. What it has behind it stays as it is."""

    async def work(made: Change) -> Answer:
        after = await steering.retry(made, principal.account_id, run)
        return "it goes on", {"id": run, "state": after.state, "step": after.step}

    return await perform(request, user_actor(request, principal), "run.retried", work, dry_run=dry_run)


@router.post("/api/runs/{run}/exit", summary="Have a run end", response_model=None, responses=_changed)
async def exit_run(request: Request, run: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """The contact leaves the automation. A message that was handed to a gateway still goes."""

    async def work(made: Change) -> Answer:
        found = await steering.end(made, principal.account_id, run)
        return "it ends", {"id": run, "state": found.state, "step": found.step}

    return await perform(request, user_actor(request, principal), "run.ended", work, dry_run=dry_run)


async def find_run(connections: Connections, account_id: int, run: UUID) -> Run:
    found = await runs.get(connections, run)
    if found is None or found.account_id != account_id:
        raise NotFoundError("run_not_found", f"there is no run {run}")
    return found


def _message(sent: Sent | None) -> dict[str, Any] | None:
    return None if sent is None else {name: getattr(sent, name) for name in ("uid", "state", "code", "reason")}


_INNER = ("held_until", "timer_at", "to_end", "answers")
"""What is of no use to others, or shown elsewhere."""


def _shown(run: Run) -> dict[str, Any]:
    row = asdict(run)
    for name in (*("automation_id", "account_id", "event", "vars", "hops", "taken"), *_INNER):
        del row[name]
    row["contact"] = row.pop("contact_id")
    return row


def _shown_entry(entry: EntryNoted) -> dict[str, Any]:
    row = asdict(entry)
    row["contact"], row["run"] = row.pop("contact_id"), row.pop("run_id")
    return row

"""``/api/automations``: automations of an account, saved, published and stopped."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.automations import models
from api.campaigns.routes import Holder
from api.http.body import parse_small, read_body
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from api.resources.words import unless_word
from domain.automations.definition.limits import MAX_BYTES
from domain.automations.schema import flow_schema
from services.automations import rules
from services.changes import Change
from store.accounts.api_keys import Principal
from store.automations import automations
from store.automations.automations import Automation
from store.automations.results import leaving

router = APIRouter(
    prefix="/api/automations",
    tags=["automations"],
    route_class=unless_word("automation", "schema", "attention", "simulate", "starters"),
)

MOST_VALUES = 20_000
"""Of a definition."""
Key = Annotated[str, Path(max_length=100, description="The automation's.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.AutomationAnswer, 409, 412, 413)}
_state: dict[str, Any] = {"response_model": None, "responses": answers(models.StateAnswer, 409)}


@router.get("", summary="Your automations, newest first", response_model=None, responses=answers(models.AutomationPage))
async def list_automations(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """With their drafts."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Automation]:
        return await automations.page(pool, principal.account_id, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown)


@router.get(
    "/schema",
    summary="The form of definitions, as JSON Schema",
    response_model=None,
    responses=answers(models.SchemaAnswer),
)
async def get_flow_schema(request: Request, principal: Holder) -> Response:
    """For editors and checks of your own. What no schema can state is checked when a definition is saved."""
    return json_response(flow_schema())


@router.post("", summary="Save an automation", openapi_extra=documented_body(models.FlowBody, idempotent=True), **_one)
async def add_automation(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """As a draft: nobody enters before it is published. All faults of the definition are named, each with its place."""
    raw = await read_body(request, MAX_BYTES)
    definition = parse_small(raw, MOST_VALUES)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "saved", shown(await rules.add(made, principal.account_id, definition))

    return await perform_once(request, user_actor(request, principal), "automation.created", raw, work, dry_run=dry_run)


@router.get(
    "/{automation}", summary="Read an automation", response_model=None, responses=answers(models.AutomationAnswer)
)
async def get_automation(request: Request, automation: Key, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    return answer_one(shown(await rules.find(state_of(request).pool, principal.account_id, automation)))


@router.put(
    "/{automation}/draft",
    summary="Save the draft of an automation",
    openapi_extra=documented_body(models.FlowBody),
    **_one,
)
async def save_automation_draft(
    request: Request, automation: Key, principal: Holder, dry_run: DryRun = False
) -> Response:
    """As a whole. Nothing that is published changes."""
    definition = parse_small(await read_body(request, MAX_BYTES), MOST_VALUES)

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find(made.store, principal.account_id, automation, lock=True)))
        return "saved", shown(await rules.save_draft(made, principal.account_id, automation, definition))

    return await perform(request, user_actor(request, principal), "automation.changed", work, dry_run=dry_run)


@router.post("/{automation}/pause", summary="Pause an automation", **_state)
async def pause_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Nobody enters, and who is inside takes no step until it is resumed. Messages that are made go (`leaving`)."""
    return await _set_state(request, principal, automation, "paused", dry_run)


@router.post("/{automation}/resume", summary="Resume an automation", **_state)
async def resume_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Whoever's wait is over by now goes on within a minute."""
    return await _set_state(request, principal, automation, "active", dry_run)


@router.post("/{automation}/archive", summary="Archive an automation", **_state)
async def archive_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Nobody enters any more, and all runs end. It can be resumed. Messages that are made still go (`leaving`)."""
    return await _set_state(request, principal, automation, "archived", dry_run)


async def _set_state(request: Request, principal: Principal, key: str, state: rules.State, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        after = await rules.set_state(made, principal.account_id, key, state)
        return state, shown(after) | {"leaving": await leaving.of_automation(made.store, after.id)}

    return await perform(request, user_actor(request, principal), f"automation.{state}", work, dry_run=dry_run)


def shown(automation: Automation) -> dict[str, Any]:
    """An automation as it is answered."""
    row = asdict(automation)
    del row["account_id"]
    return row

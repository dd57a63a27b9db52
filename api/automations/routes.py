"""``/api/automations``: automations of an account, saved, published and stopped."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.automations import models
from api.campaigns.routes import Holder
from api.http.body import parse_body, parse_small, read_body
from api.http.idempotency import KeyClaim
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed, no_cursor
from api.resources.words import unless_word
from domain.automations.definition.limits import MAX_BYTES
from domain.automations.schema import flow_schema
from services.audience.templates.named import NamedTemplates
from services.automations import rules
from services.automations.rules import Report
from services.changes import Change
from store.accounts.api_keys import Principal
from store.automations import automations
from store.automations.automations import Automation, Version

router = APIRouter(prefix="/api/automations", tags=["automations"], route_class=unless_word("automation", "schema"))

MOST_VALUES = 20_000
"""Of a definition."""
Key = Annotated[str, Path(max_length=100, description="The automation's.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.AutomationAnswer, 409, 412, 413)}


@router.get("", summary="Your automations, newest first", response_model=None, responses=answers(models.AutomationPage))
async def list_automations(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,  # noqa: A002 - as the parameter is called
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


@router.post(
    "/{automation}/publish",
    summary="Publish the draft of an automation",
    response_model=None,
    responses=answers(models.ReportAnswer, 409),
    openapi_extra=documented_body(models.PublishBody, required=False),
)
async def publish_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """All that it names must be there. A dry run tells what would change, and how many contacts are inside."""
    body = parse_body(await read_body(request) or b"{}", models.PublishBody)

    async def work(made: Change) -> Answer:
        templates = state_of(request).part(NamedTemplates)
        after, report = await rules.publish(made, templates, principal.account_id, automation, body.mode, body.note)
        return "published", shown(after) | _reported(report)

    return await perform(request, user_actor(request, principal), "automation.published", work, dry_run=dry_run)


@router.post("/{automation}/pause", summary="Pause an automation", **_one)
async def pause_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Nobody enters, and who is inside takes no step until it is resumed. What was handed to a gateway still goes."""
    return await _set_state(request, principal, automation, "paused", dry_run)


@router.post("/{automation}/resume", summary="Resume an automation", **_one)
async def resume_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Whoever's wait is over by now goes on within a minute."""
    return await _set_state(request, principal, automation, "active", dry_run)


@router.post("/{automation}/archive", summary="Archive an automation", **_one)
async def archive_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """Nobody enters any more, and all runs end. It can be resumed."""
    return await _set_state(request, principal, automation, "archived", dry_run)


@router.get(
    "/{automation}/versions",
    summary="What was published of an automation",
    response_model=None,
    responses=answers(models.VersionPage),
)
async def list_automation_versions(
    request: Request,
    automation: Key,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,  # noqa: A002 - as the parameter is called
) -> Response:
    """All revisions, the newest first, with who published them and why."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)

    async def page(below: str | None, most: int) -> Sequence[Version]:
        return await automations.versions(pool, found.id, _place(below), most)

    return await listed(request, limit, cursor, format, page, asdict, lambda one: f"{one.version}.{one.revision}")


async def _set_state(request: Request, principal: Principal, key: str, state: rules.State, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        return state, shown(await rules.set_state(made, principal.account_id, key, state))

    return await perform(request, user_actor(request, principal), f"automation.{state}", work, dry_run=dry_run)


def _place(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    version, _, revision = text.partition(".")
    if not (version.isdecimal() and revision.isdecimal() and len(text) < 19):
        raise no_cursor()
    return int(version), int(revision)


def _reported(report: Report) -> dict[str, Any]:
    return {
        "published": {"version": report.version, "revision": report.revision},
        "differences": [asdict(one) for one in report.differences],
        "inside": {str(version): dict(steps) for version, steps in report.inside.items()},
    }


def shown(automation: Automation) -> dict[str, Any]:
    """An automation as it is answered."""
    row = asdict(automation)
    del row["account_id"]
    return row

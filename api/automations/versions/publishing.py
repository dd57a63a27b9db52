"""``/api/automations/{automation}/publish`` and what was published: versions, and who is in them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from api.automations.routes import Key, shown
from api.automations.versions import publishing_models as models
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform
from api.resources.listing import Cursor, Format, Limit, listed, no_cursor
from services.accounts.rates import PlanPrices
from services.audience.templates.named import NamedTemplates
from services.automations import rules
from services.automations.publishing.impact import Reading
from services.automations.publishing.inside import who_is_inside
from services.automations.publishing.publishing import Act, Report, publish
from services.changes import Change
from store.automations import automations
from store.automations.automations import Version

router = APIRouter(prefix="/api/automations/{automation}", tags=["automations"])


@router.post(
    "/publish",
    summary="Publish the draft of an automation",
    response_model=None,
    responses=answers(models.ReportAnswer, 409),
    openapi_extra=documented_body(models.PublishBody, required=False),
)
async def publish_automation(request: Request, automation: Key, principal: Holder, dry_run: DryRun = False) -> Response:
    """All that it names must be there. A dry run tells what would change, and what that does to those inside."""
    body = parse_body(await read_body(request) or b"{}", models.PublishBody)
    act = Act(body.mode, body.people, body.map, body.version, body.note, body.approve, dry_run)

    state = state_of(request)

    async def work(made: Change) -> Answer:
        reading = Reading(state.part(NamedTemplates), state.part(PlanPrices))
        after, report = await publish(made, reading, principal.account_id, automation, act)
        return "published", shown(after) | _reported(report)

    return await perform(request, user_actor(request, principal), "automation.published", work, dry_run=dry_run)


@router.get(
    "/versions",
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
    format: Format = None,
) -> Response:
    """All revisions, the newest first, with who published them and why."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)

    async def page(below: str | None, most: int) -> Sequence[Version]:
        return await automations.versions(pool, found.id, _place(below), most)

    return await listed(request, limit, cursor, format, page, asdict, lambda one: f"{one.version}.{one.revision}")


@router.get(
    "/inside",
    summary="How many contacts are in each version of an automation",
    response_model=None,
    responses=answers(models.InsideAnswer),
)
async def get_automation_inside(request: Request, automation: Key, principal: Holder) -> Response:
    """And at which steps: so you see how many are left in one that drains."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    return answer_one({"versions": [asdict(one) for one in await who_is_inside(pool, found)]})


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
        "impact": asdict(report.impact),
        "needs_approval": report.needs_approval,
    }

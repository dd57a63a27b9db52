"""``/api/automations/{automation}``: its definitions as they were written, and how they differ."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.automations import models
from api.automations.routes import Key, shown
from api.automations.versions import definition_models
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from services.automations import rules
from services.automations.publishing import definitions
from services.changes import Change

router = APIRouter(prefix="/api/automations/{automation}", tags=["automations"])

_FORM = r"^([0-9]{1,6}(\.[0-9]{1,6})?|draft)$"
_Named = Annotated[
    str | None, Query(pattern=_FORM, description="A version such as `2` or `2.1`, or `draft`. Without it: see above.")
]
_Version = Annotated[str, Path(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$", description="Such as `2`, or `2.1`.")]


@router.get(
    "/definition",
    summary="The definition of an automation, as it was written",
    response_model=None,
    responses=answers(definition_models.DefinitionAnswer, 409),
)
async def get_automation_definition(
    request: Request, automation: Key, principal: Holder, version: _Named = None
) -> Response:
    """The JSON alone, for a file: what is published, or else the draft."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    return json_response(await definitions.definition(pool, found, version))


@router.get(
    "/versions/{version}",
    summary="A version of an automation",
    response_model=None,
    responses=answers(definition_models.VersionAnswer),
)
async def get_automation_version(request: Request, automation: Key, version: _Version, principal: Holder) -> Response:
    """Its newest revision, unless the revision is named."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    return answer_one(asdict(await definitions.version(pool, found, version)))


@router.get(
    "/diff",
    summary="How two definitions of an automation differ",
    response_model=None,
    responses=answers(definition_models.DiffAnswer, 409),
)
async def compare_automation_definitions(
    request: Request,
    automation: Key,
    principal: Holder,
    from_: Annotated[_Named, Query(alias="from")] = None,
    to: _Named = None,
) -> Response:
    """From what is published to the draft, unless others are named; each difference with its place."""
    pool = state_of(request).pool
    found = await rules.find(pool, principal.account_id, automation)
    compared = await definitions.difference(pool, found, from_, to)
    return answer_one({"needs": compared.needs, "differences": [asdict(one) for one in compared.differences]})


@router.post(
    "/draft",
    summary="Have the draft be a version that was published before",
    response_model=None,
    responses=answers(models.AutomationAnswer, 409),
    openapi_extra=documented_body(definition_models.BringBackBody),
)
async def bring_back_automation_version(
    request: Request, automation: Key, principal: Holder, dry_run: DryRun = False
) -> Response:
    """Nothing that is published changes, until the draft is published."""
    body = parse_body(await read_body(request), definition_models.BringBackBody)

    async def work(made: Change) -> Answer:
        return "saved", shown(await definitions.bring_back(made, principal.account_id, automation, body.version))

    return await perform(request, user_actor(request, principal), "automation.changed", work, dry_run=dry_run)


@router.delete(
    "/draft",
    summary="Discard the draft of an automation",
    response_model=None,
    responses=answers(models.AutomationAnswer, 409, 412),
)
async def discard_automation_draft(
    request: Request, automation: Key, principal: Holder, dry_run: DryRun = False
) -> Response:
    """What is published stays, and is what the next change begins with. What was never published is kept: 409."""

    async def work(made: Change) -> Answer:
        check_match(request, shown(await rules.find(made.store, principal.account_id, automation, lock=True)))
        return "discarded", shown(await rules.discard_draft(made, principal.account_id, automation))

    return await perform(request, user_actor(request, principal), "automation.changed", work, dry_run=dry_run)

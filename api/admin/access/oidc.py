"""``/api/admin/v1/oidc``: the provider of identities at which staff logs in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.access import models
from api.admin.models import NothingAnswer
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from domain.access.actors import Actor
from services.access import oidc_config as rules
from services.changes import Change

router = APIRouter(prefix="/api/admin/v1/oidc", tags=["admin: staff"])

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.OidcAnswer, 409, 412)}
_removed: dict[int | str, dict[str, Any]] = answers(NothingAnswer, 409, 412)


@router.get("", summary="Read the provider of identities", **_one)
async def get_oidc(request: Request, _: Annotated[Actor, Depends(Allows("settings:read"))]) -> Response:
    """Of the client's secret only that it is set."""
    return answer_one(await rules.shown(state_of(request).pool))


@router.patch(
    "", summary="Set or change the provider of identities", openapi_extra=documented_body(models.PatchOidc), **_one
)
async def change_oidc(
    request: Request, actor: Annotated[Actor, Depends(Allows("settings:write"))], dry_run: DryRun = False
) -> Response:
    """As a JSON Merge Patch. Nobody maps a group to a role that may do more than oneself. `enabled` switches it off."""
    patch = parse_body(await read_body(request), models.PatchOidc).model_dump(exclude_unset=True)

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            check_match(request, await rules.shown(made.store))
        await rules.change_config(made, state_of(request).keyring, patch)
        return "changed", await rules.shown(made.store)

    return await perform(request, actor, "oidc.updated", work, dry_run=dry_run)


@router.delete("", summary="Remove the provider of identities", response_model=None, responses=_removed)
async def remove_oidc(
    request: Request, actor: Annotated[Actor, Depends(Allows("settings:write"))], dry_run: DryRun = False
) -> Response:
    """With the client's secret. Members stay, and sessions that have begun go on."""

    async def work(made: Change) -> Answer:
        if "if-match" in request.headers:
            check_match(request, await rules.shown(made.store))
        await rules.remove_config(made)
        return "removed", None

    return await perform(request, actor, "oidc.removed", work, dry_run=dry_run)

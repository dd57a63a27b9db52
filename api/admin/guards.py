"""``/api/admin/v1/users/{account}/guards``: the guards of any user."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.paths import UserId
from api.guards.models import GuardsAnswer
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from domain.access.actors import Actor
from services.audience.guards.models import GuardsBody, shown
from services.audience.guards.rules import change_guards
from services.changes import Change
from store.audience.guards import settings

router = APIRouter(prefix="/api/admin/v1/users/{account}/guards", tags=["admin: users"])


@router.get("", summary="A user's guards", response_model=None, responses=answers(GuardsAnswer, 404))
async def get_user_guards(
    request: Request, account: UserId, _: Annotated[Actor, Depends(Allows("users:read"))]
) -> Response:
    """As the user sees them."""
    return answer_one(shown(await settings.read(state_of(request).pool, account)))


@router.patch(
    "",
    summary="Change a user's guards",
    response_model=None,
    responses=answers(GuardsAnswer, 404, 412),
    openapi_extra=documented_body(GuardsBody),
)
async def patch_user_guards(
    request: Request,
    account: UserId,
    actor: Annotated[Actor, Depends(Allows("users:write"))],
    dry_run: DryRun = False,
) -> Response:
    """A part that is given replaces the one that is there. The user may change it again."""
    body = parse_body(await read_body(request), GuardsBody)

    async def work(made: Change) -> Answer:
        check_match(request, shown(await settings.read(made.store, account, lock=True)))
        return "changed", shown(await change_guards(made, account, body))

    return await perform(request, actor, "user.guards_changed", work, dry_run=dry_run)

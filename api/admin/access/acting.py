"""``POST /api/admin/v1/users/{account}/act``: staff work in the account of a user."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.access import models
from api.admin.paths import UserId
from api.http.body import read_body
from api.http.idempotency import KeyClaim
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform_once
from domain.access.actors import Actor
from domain.access.sessions import ACTING
from services.accounts.acting import PERMISSION, begin_acting
from services.changes import Change

router = APIRouter(prefix="/api/admin/v1", tags=["admin: users"])


@router.post(
    "/users/{account}/act",
    summary="Work in the account of a user",
    response_model=None,
    responses=answers(models.ActingAnswer, 409),
    openapi_extra={"parameters": [IDEMPOTENCY_HEADER]},
)
async def act_for_user(
    request: Request, account: UserId, actor: Annotated[Actor, Depends(Allows(PERMISSION))], dry_run: DryRun = False
) -> Response:
    """Makes a session that may do what the user's own may, but for the user's log-in. It ends after 12 hours, and with
    the rights of who began it. What is done in it is recorded under the name of the member of staff."""

    async def work(made: Change, _: KeyClaim) -> Answer:
        token = await begin_acting(made, account)
        return "keep the token, it is not shown again", {"token": token, "expires_at": datetime.now(UTC) + ACTING}

    return await perform_once(
        request, actor, "user.acted_for", await read_body(request), work, dry_run=dry_run, is_secret=True
    )

"""``/api/admin/v1``: how staff and users come to log in: their first password, and a second factor that was lost."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.access import models
from api.admin.models import NothingAnswer
from api.admin.paths import MemberId, UserId
from api.http.body import read_body
from api.http.idempotency import KeyClaim
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform, perform_once
from domain.access.actors import Actor
from domain.access.one_time import HOURS, Purpose
from domain.access.people import Person, PersonKind
from services.access import passwords as rules
from services.access import second_factor
from services.changes import Change

router = APIRouter(prefix="/api/admin/v1", tags=["admin: staff"])

_invite: dict[str, Any] = {
    "response_model": None,
    "responses": answers(models.InvitationAnswer, 409),
    "openapi_extra": {"parameters": [IDEMPOTENCY_HEADER]},
}
_reset: dict[str, Any] = {"response_model": None, "responses": answers(NothingAnswer, 409)}


@router.post("/staff/{staff}/invite", summary="Invite a member of staff", **_invite)
async def invite_staff(
    request: Request, staff: MemberId, actor: Annotated[Actor, Depends(Allows("staff:write"))], dry_run: DryRun = False
) -> Response:
    """Makes a token that sets the first password once (`POST /api/auth/reset`). Those made before end."""
    return await _invited(request, actor, Person(PersonKind.STAFF, staff), "staff.invited", dry_run)


@router.post("/users/{account}/invite", summary="Invite a user", **_invite)
async def invite_user(
    request: Request, account: UserId, actor: Annotated[Actor, Depends(Allows("users:write"))], dry_run: DryRun = False
) -> Response:
    """Makes a token that sets the first password once (`POST /api/auth/reset`). Those made before end."""
    return await _invited(request, actor, Person(PersonKind.USER, account), "user.invited", dry_run)


@router.post("/staff/{staff}/reset-totp", summary="Remove the second factor of a member of staff", **_reset)
async def reset_staff_totp(
    request: Request, staff: MemberId, actor: Annotated[Actor, Depends(Allows("staff:write"))], dry_run: DryRun = False
) -> Response:
    """Of one who lost it, and may do no more than you. All its sessions end; its password stays."""
    return await _reset_totp(request, actor, Person(PersonKind.STAFF, staff), dry_run)


@router.post("/users/{account}/reset-totp", summary="Remove the second factor of a user", **_reset)
async def reset_user_totp(
    request: Request, account: UserId, actor: Annotated[Actor, Depends(Allows("users:write"))], dry_run: DryRun = False
) -> Response:
    """Of one who lost it. All its sessions end; its password stays."""
    return await _reset_totp(request, actor, Person(PersonKind.USER, account), dry_run)


async def _reset_totp(request: Request, actor: Actor, person: Person, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        await second_factor.reset(made, person)
        return "removed", None

    return await perform(request, actor, "totp.reset", work, dry_run=dry_run)


async def _invited(request: Request, actor: Actor, person: Person, action: str, dry_run: bool) -> Response:
    async def work(made: Change, _: KeyClaim) -> Answer:
        token = await rules.invite(made, person)
        expires_at = datetime.now(UTC) + timedelta(hours=HOURS[Purpose.INVITE])
        return "keep the token, it is not shown again", {"token": token, "expires_at": expires_at}

    return await perform_once(request, actor, action, await read_body(request), work, dry_run=dry_run, is_secret=True)

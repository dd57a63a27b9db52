"""``POST /api/admin/v1/replay``: what failed of all users, begun anew."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.body import parse_body, read_body
from api.messages.replay_models import ReplayAnswer, ReplayAny
from api.messages.replaying import Asked, answer_replay, kind_meant, search_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import DryRun
from domain.access.actors import Actor
from services.failures.kinds import Within

router = APIRouter(prefix="/api/admin/v1", tags=["admin: messages"])


@router.post(
    "/replay",
    summary="Begin anew what failed of all users",
    response_model=None,
    responses=answers(ReplayAnswer),
    openapi_extra=documented_body(ReplayAny, idempotent=True),
)
async def replay_any_messages(
    request: Request, actor: Annotated[Actor, Depends(Allows("messages:replay"))], dry_run: DryRun = False
) -> Response:
    """Messages are sent again under the same uids, each once; failed runs of automations go on at their steps, failed
    leads are taken again. Of those that match, those that failed in the last day, or in the times that are given. A dry
    run tells how many there are, what they cost, and which are left out."""
    raw = await read_body(request)
    body = parse_body(raw, ReplayAny)
    given = body.filter
    search = replace(search_of(given), user=given.user)
    kind = await kind_meant(request, body.kind, search)
    asked = Asked(kind, search, Within(given.failed_after, given.failed_before))
    return await answer_replay(request, actor, raw, asked, dry_run=dry_run)

"""``POST /api/admin/v1/replay``: failed messages of all users, sent again under their uids."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.body import parse_body, read_body
from api.messages.replay_models import ReplayAnswer, ReplayAny
from api.messages.replaying import answer_replay, search_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import DryRun
from domain.access.actors import Actor

router = APIRouter(prefix="/api/admin/v1", tags=["admin: messages"])


@router.post(
    "/replay",
    summary="Send failed messages of all users again",
    response_model=None,
    responses=answers(ReplayAnswer),
    openapi_extra=documented_body(ReplayAny, idempotent=True),
)
async def replay_any_messages(
    request: Request, actor: Annotated[Actor, Depends(Allows("messages:replay"))], dry_run: DryRun = False
) -> Response:
    """Under the same uids, each once: of those that match, those that failed in the last day, or in the times that are
    given. Their credits are held anew. A dry run tells how many there are, what they cost, and which are left out."""
    raw = await read_body(request)
    given = parse_body(raw, ReplayAny).filter
    search = replace(search_of(given), user=given.user)
    return await answer_replay(request, actor, raw, given, search, dry_run=dry_run)

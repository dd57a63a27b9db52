"""Messages that failed, sent again under their uids: for users what is theirs, and how staff is answered, too."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import check_channel, requires
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.messages.replay_models import Replay, ReplayAnswer, ReplayFilter
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, perform_once
from domain.access.actors import Actor
from domain.messages.page import ADMIN_ACCOUNT
from services.changes import Change
from services.messages.replays.rules import why_left_out
from services.messages.replays.starting import Begun, begin
from services.messages.search import Search
from store.accounts.api_keys import Principal

router = APIRouter(tags=["status"])

_Sender = Annotated[Principal, Depends(requires("send", minds_narrowing=True))]


@router.post(
    "/api/replay",
    summary="Send failed messages again",
    response_model=None,
    responses=answers(ReplayAnswer),
    openapi_extra=documented_body(Replay, idempotent=True),
)
async def replay_messages(request: Request, principal: _Sender, dry_run: DryRun = False) -> Response:
    """Under the same uids, each once: of those that match, those that failed in the last day, or in the times that are
    given. Their credits are held anew. A dry run tells how many there are, what they cost, and which are left out."""
    check_known(request)
    raw = await read_body(request)
    given = parse_body(raw, Replay).filter
    if given.channel is not None:
        check_channel(principal, given.channel)
    search = replace(
        search_of(given),
        user=principal.account_id,
        region=principal.default_region,
        rights=principal.rights,
        tests=principal.is_test,
    )
    actor, owner_id = user_actor(request, principal), principal.account_id or None
    return await answer_replay(request, actor, raw, given, search, owner_id, dry_run=dry_run)


def search_of(given: ReplayFilter) -> Search:
    """The same filters as those of lists."""
    return Search(
        uid=given.uid,
        recipient=given.recipient,
        states=given.state,
        gateway=given.gateway,
        code=given.code,
        channel=given.channel,
        batch=given.batch,
        after=given.created_after,
        before=given.created_before,
        automation=given.automation,
        step=given.step,
        lead_source=given.lead_source,
    )


async def answer_replay(
    request: Request,
    actor: Actor,
    raw: bytes,
    given: ReplayFilter,
    search: Search,
    owner_id: int | None = None,
    *,
    dry_run: bool,
) -> Response:
    """Begin it, once for each idempotency key."""

    async def work(made: Change, _: KeyClaim) -> Answer:
        begun = await begin(made, search, given.failed_after, given.failed_before, owner_id, is_dry=dry_run)
        return "they are sent again" if begun.operation else "counted", shown(begun)

    return await perform_once(request, actor, "messages.replayed", raw, work, dry_run=dry_run)


def shown(begun: Begun) -> dict[str, Any]:
    """What is sent again, as it is answered."""
    return {
        "messages": begun.messages,
        "credits": [
            {
                "user_id": None if one.account_id == ADMIN_ACCOUNT else one.account_id,
                "channel": one.channel,
                "messages": one.messages,
                "credits": one.credits,
                "available": one.available,
            }
            for one in begun.counts
            if one.left_out is None
        ],
        "left_out": [
            {"code": code, "why": why_left_out(code), "messages": count} for code, count in begun.left_out.items()
        ],
        "is_complete": begun.is_complete,
        "operation": begun.operation and shown_operation(begun.operation),
    }

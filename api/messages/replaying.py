"""What failed, begun anew: for users what is theirs, and how staff is answered, too."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import check_channel, requires
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.messages.own import kinds_of
from api.messages.replay_models import Replay, ReplayAnswer, ReplayFilter
from api.operations.shown import shown as shown_operation
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, perform_once
from domain.access.actors import Actor
from domain.messages.page import ADMIN_ACCOUNT
from services.automations.flows import Flows
from services.changes import Change
from services.failures.kinds import Kind, Within, kind_of
from services.failures.replaying import Leads, Runs, replay_leads, replay_runs, told
from services.failures.replaying import why_left_out as why_begun_not
from services.messages.replays.rules import why_left_out
from services.messages.replays.starting import Begun, begin
from services.messages.search import Search
from store.accounts.api_keys import Principal

router = APIRouter(tags=["status"])

_Sender = Annotated[Principal, Depends(requires("send", minds_narrowing=True))]


@router.post(
    "/api/replay",
    summary="Begin anew what failed",
    response_model=None,
    responses=answers(ReplayAnswer),
    openapi_extra=documented_body(Replay, idempotent=True),
)
async def replay_messages(request: Request, principal: _Sender, dry_run: DryRun = False) -> Response:
    """Messages are sent again under the same uids, each once; failed runs of automations go on at their steps, failed
    leads are taken again (both with the scope `contacts`, too). Of those that match, those that failed in the last day,
    or in the times that are given. A dry run tells how many there are, what they cost, and which are left out."""
    check_known(request)
    raw = await read_body(request)
    body = parse_body(raw, Replay)
    given = body.filter
    if given.channel is not None:
        check_channel(principal, given.channel)
    search = replace(
        search_of(given),
        user=principal.account_id,
        region=principal.default_region,
        rights=principal.rights,
        tests=principal.is_test,
    )
    kind = await kind_meant(request, body.kind, search)
    kinds_of(principal, kind)
    asked = Asked(kind, search, Within(given.failed_after, given.failed_before), principal.account_id or None)
    return await answer_replay(request, user_actor(request, principal), raw, asked, dry_run=dry_run)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be begun anew."""

    kind: Kind
    search: Search
    within: Within
    owner_id: int | None = None
    """The user whose key asks for it."""


async def kind_meant(request: Request, given: Kind | None, search: Search) -> Kind:
    """The kind that is given, else that of what has the uid, else messages."""
    if given is not None or search.uid is None:
        return given or "message"
    return await kind_of(state_of(request).pool, search.uid, search.user)


async def answer_replay(request: Request, actor: Actor, raw: bytes, asked: Asked, *, dry_run: bool) -> Response:
    """Begin it, once for each idempotency key."""
    search, within = asked.search, asked.within

    async def of_messages(made: Change, _: KeyClaim) -> Answer:
        begun = await begin(made, search, within.after, within.before, asked.owner_id, is_dry=dry_run)
        return "they are sent again" if begun.operation else "counted", shown(begun)

    async def of_runs(made: Change, _: KeyClaim) -> Answer:
        flows = state_of(request).part(Flows)
        done = await replay_runs(made, flows, search, within, is_dry=dry_run)
        return "counted" if dry_run else "they go on", shown_runs(done)

    async def of_leads(made: Change, _: KeyClaim) -> Answer:
        done = await replay_leads(made, search, within, asked.owner_id, is_dry=dry_run)
        return "counted" if dry_run else "they are taken again", shown_leads(done)

    work = {"message": of_messages, "run": of_runs, "lead": of_leads}[asked.kind]
    return await perform_once(request, actor, f"{asked.kind}s.replayed", raw, work, dry_run=dry_run)


def shown(begun: Begun) -> dict[str, Any]:
    """What is sent again, as it is answered."""
    return {
        "kind": "message",
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


def shown_runs(done: Runs) -> dict[str, Any]:
    """Runs that go on, as they are answered."""
    retries = [
        {"user_id": one.user_id, "automation": one.automation, "id": one.retry.id, "runs": one.retry.total}
        for one in done.retries
    ]
    return {
        "kind": "run",
        "runs": done.runs,
        "most_credits": done.most_credits,
        "left_out": _left_out(done.left_out),
        "is_complete": done.is_complete,
        "retries": retries,
    }


def shown_leads(done: Leads) -> dict[str, Any]:
    """Leads that are taken again, as they are answered."""
    return {
        "kind": "lead",
        "leads": done.leads,
        "left_out": _left_out(done.left_out),
        "is_complete": done.is_complete,
        "operations": list(map(shown_operation, done.operations)),
    }


def _left_out(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"code": code, "why": why_begun_not(code), "count": count} for code, count in told(counts)]

"""``GET /api/admin/v1/messages`` and ``/failures``: messages of all users, and why some did not arrive."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.admin.messages.revealing import Reveal, is_revealed
from api.http.state import state_of
from api.messages.failure_models import CausePage, FailureAnswer
from api.messages.failures import (
    FailedAfter,
    FailedBefore,
    Most,
    OfKind,
    answer_causes,
    shown_cause,
    shown_failure,
)
from api.messages.models import MessagePage
from api.messages.searching import OfFailures, OfMessages, User, fetching, place_of, shown
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import answer_one
from api.resources.listing import Cursor, Format, Limit, listed
from domain.access.actors import Actor
from domain.text.masking import mask, mask_in
from services.failures.causes import FailureCause
from services.failures.finding import find
from services.failures.kinds import KINDS, Within
from services.messages.search import Search, found_by
from store.messages.search.walks import Listed

router = APIRouter(prefix="/api/admin/v1", tags=["admin: messages"])

_Reader = Annotated[Actor, Depends(Allows("messages:read", may_repeat=("state",)))]


@router.get(
    "/messages", summary="Messages of all users, newest first", response_model=None, responses=answers(MessagePage)
)
async def list_any_messages(
    request: Request,
    actor: _Reader,
    search: OfMessages,
    user: User = None,
    reveal: Reveal = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply. A page may have fewer messages than `limit` and yet a `next_cursor`."""
    state = state_of(request)
    fetch = fetching(state.reading, await found_by(state.reading, replace(search, user=user)))
    show = shown if await is_revealed(request, actor, reveal, "messages", search.uid or "list") else _masked
    return await listed(request, limit, cursor, format, fetch, show, place_of)


@router.get("/failures", summary="What failed, and why, by cause", response_model=None, responses=answers(CausePage))
async def list_any_failures(
    request: Request,
    actor: _Reader,
    search: OfFailures,
    user: User = None,
    kind: OfKind = None,
    failed_after: FailedAfter = None,
    failed_before: FailedBefore = None,
    reveal: Reveal = False,
    limit: Most = 100,
) -> Response:
    """Messages, runs of automations, leads: the most frequent first. Messages that were cancelled count only with
    `state=cancelled`, parked leads whenever they came."""
    state = state_of(request)
    show: Callable[[FailureCause], dict[str, Any]] = shown_cause
    if not await is_revealed(request, actor, reveal, "messages", "failures"):
        show = _masked_cause
    within, kinds = Within(failed_after, failed_before), KINDS if kind is None else (kind,)
    return await answer_causes(state.reading, replace(search, user=user), within, limit, show, kinds)


@router.get(
    "/failures/{uid}",
    summary="Read one failure of any user",
    response_model=None,
    responses=answers(FailureAnswer, 404),
)
async def get_any_failure(request: Request, uid: UUID, actor: _Reader, reveal: Reveal = False) -> Response:
    """By the uid of a message, or the id of a run or a lead: its state, code and reason, and what it comes from.
    `GET …/messages/{uid}` has the whole story of a message."""
    state = state_of(request)
    found = await find(state.pool, Search(uid=uid), KINDS)
    if not await is_revealed(request, actor, reveal, found.kind, uid):
        reason = mask_in(found.reason, found.recipient or "") if found.kind == "message" else None
        found = replace(found, reason=reason)
    return answer_one(shown_failure(found), f"the {found.kind} is {found.state}")


def _masked(message: Listed) -> dict[str, Any]:
    reason = mask_in(message.reason, message.recipient)
    return shown(message) | {"to": mask(message.recipient), "reason": reason}


def _masked_cause(found: FailureCause) -> dict[str, Any]:
    reason = mask_in(found.reason, found.recipient or "") if found.kind == "message" else None
    return shown_cause(found) | {"reason": reason}

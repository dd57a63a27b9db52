"""``GET /api/admin/v1/messages`` and ``/failures``: messages of all users, and why some did not arrive."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.messages.revealing import Reveal, is_revealed
from api.http.state import state_of
from api.messages.failures import FailedAfter, FailedBefore, Most, answer_causes
from api.messages.models import CausePage, MessagePage
from api.messages.searching import OfFailures, OfMessages, User, cause, fetching, place_of, shown
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit, listed
from domain.access.actors import Actor
from domain.text.masking import mask, mask_in
from services.messages.search import found_by
from store.messages.search.failures import Cause
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
    show = shown if await is_revealed(state, actor, reveal, "messages", search.uid or "list") else _masked
    return await listed(request, limit, cursor, format, fetch, show, place_of)


@router.get(
    "/failures", summary="Why messages did not arrive, by cause", response_model=None, responses=answers(CausePage)
)
async def list_any_failures(
    request: Request,
    actor: _Reader,
    search: OfFailures,
    user: User = None,
    failed_after: FailedAfter = None,
    failed_before: FailedBefore = None,
    reveal: Reveal = False,
    limit: Most = 100,
) -> Response:
    """The most frequent first. Those that were cancelled count only with `state=cancelled`."""
    state = state_of(request)
    show: Callable[[Cause], dict[str, Any]] = cause
    if not await is_revealed(state, actor, reveal, "messages", "failures"):
        show = _masked_cause
    return await answer_causes(state.reading, replace(search, user=user), failed_after, failed_before, limit, show)


def _masked(message: Listed) -> dict[str, Any]:
    reason = mask_in(message.reason, message.recipient)
    return shown(message) | {"to": mask(message.recipient), "reason": reason}


def _masked_cause(found: Cause) -> dict[str, Any]:
    return cause(found) | {"reason": mask_in(found.reason, found.recipient or "")}

"""``GET /api/messages`` and ``GET /api/failures``: a user's own messages, and why some did not arrive."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import check_channel, requires
from api.http.state import state_of
from api.messages.failures import FailedAfter, FailedBefore, Most, answer_causes
from api.messages.models import CausePage, MessagePage
from api.messages.searching import OfFailures, OfMessages, cause, fetching, place_of, shown
from api.reference.openapi import answers
from api.resources.access import check_known
from api.resources.listing import Cursor, Format, Limit, listed
from services.messages.search import Search, found_by
from store.accounts.api_keys import Principal

router = APIRouter(tags=["status"])

_Reader = Annotated[Principal, Depends(requires("read", may_repeat=("state",), minds_narrowing=True))]


@router.get(
    "/api/messages",
    summary="Your messages, newest first",
    response_model=None,
    responses=answers(MessagePage),
)
async def list_messages(
    request: Request,
    principal: _Reader,
    search: OfMessages,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply. A page may have fewer messages than `limit` and yet a `next_cursor`."""
    check_known(request)
    reading = state_of(request).reading
    fetch = fetching(reading, await found_by(reading, _own(search, principal)))
    return await listed(request, limit, cursor, format, fetch, shown, place_of)


@router.get(
    "/api/failures",
    summary="Why messages of yours did not arrive",
    response_model=None,
    responses=answers(CausePage),
)
async def list_failures(
    request: Request,
    principal: _Reader,
    search: OfFailures,
    failed_after: FailedAfter = None,
    failed_before: FailedBefore = None,
    limit: Most = 100,
) -> Response:
    """By cause, the most frequent first. Those that were cancelled count only with `state=cancelled`."""
    check_known(request)
    own = _own(search, principal)
    return await answer_causes(state_of(request).reading, own, failed_after, failed_before, limit, cause)


def _own(search: Search, principal: Principal) -> Search:
    """Among what the key may see.

    Raises:
        ApiError: 403, it is narrowed to other channels.
    """
    if search.channel is not None:
        check_channel(principal, search.channel)
    return replace(
        search,
        user=principal.account_id,
        region=principal.default_region,
        rights=principal.rights,
        tests=principal.is_test,
    )

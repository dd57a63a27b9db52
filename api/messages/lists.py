"""``GET /api/messages`` and ``GET /api/failures``: a user's own messages, and why some did not arrive."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import check_channel, requires
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
from api.messages.own import kinds_of
from api.messages.searching import OfFailures, OfMessages, fetching, place_of, shown
from api.reference.openapi import answers
from api.resources.access import check_known
from api.resources.changing import answer_one
from api.resources.listing import Cursor, Format, Limit, listed
from services.failures.finding import find
from services.failures.kinds import Within
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
    summary="What failed of yours, and why",
    response_model=None,
    responses=answers(CausePage),
)
async def list_failures(
    request: Request,
    principal: _Reader,
    search: OfFailures,
    kind: OfKind = None,
    failed_after: FailedAfter = None,
    failed_before: FailedBefore = None,
    limit: Most = 100,
) -> Response:
    """Messages, and with the scope `contacts` runs of automations and leads: by cause, the most frequent first.
    Messages that were cancelled count only with `state=cancelled`, parked leads whenever they came."""
    check_known(request)
    own, kinds = _own(search, principal), kinds_of(principal, kind)
    within = Within(failed_after, failed_before)
    return await answer_causes(state_of(request).reading, own, within, limit, shown_cause, kinds)


@router.get(
    "/api/failures/{uid}",
    summary="Read one failure",
    response_model=None,
    responses=answers(FailureAnswer, 404),
)
async def get_failure(request: Request, uid: UUID, principal: _Reader) -> Response:
    """By the uid of a message, or the id of a run or a lead: its state, code and reason, and what it comes from."""
    check_known(request)
    found = await find(state_of(request).pool, _own(Search(uid=uid), principal), kinds_of(principal, None))
    return answer_one(shown_failure(found), f"the {found.kind} is {found.state}")


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

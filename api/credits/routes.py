"""``/api/credits`` and ``/api/journal``: a user's own credits, why they changed, and requests for more."""

from dataclasses import asdict
from functools import partial
from typing import Annotated, Literal
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.credits import models
from api.credits.journal import listed_journal, shown_entry
from api.credits.shown import shown_request
from api.http.auth import requires
from api.http.body import declared_length, parse_body, too_large
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim, once
from api.http.json_response import json_response
from api.http.query_text import Moment
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from api.sending.large_bodies import Bodies
from domain.channels import Channel
from domain.messages.page import ADMIN_ACCOUNT
from services.accounts import credit_requests as rules
from store.accounts import credits, journal
from store.accounts.api_keys import Principal
from store.credits import requests as credit_requests

router = APIRouter(tags=["credits"])

_LARGEST_BODY = rules.LARGEST_PROOF * 3 // 2


async def reader(request: Request, principal: Annotated[Principal, Depends(requires("read"))]) -> Principal:
    """Whose credits are read.

    Raises:
        ApiError: 403 an admin key: what it sends costs nothing; 422 an unknown query parameter.
    """
    return _owner(request, principal)


async def manager(
    request: Request, principal: Annotated[Principal, Depends(requires("read", also=("send",)))]
) -> Principal:
    """Who may ask for credits.

    Raises:
        ApiError: as in ``reader``.
    """
    return _owner(request, principal)


def _owner(request: Request, principal: Principal) -> Principal:
    check_known(request)
    if principal.account_id == ADMIN_ACCOUNT:
        raise ApiError(403, "no_wallet", "this is a key of the admin, who has no credits: use a user's key")
    return principal


Reader = Annotated[Principal, Depends(reader)]
Manager = Annotated[Principal, Depends(manager)]


@router.get("/api/credits", summary="Your credits", response_model=None, responses=answers(models.OwnWalletsAnswer))
async def get_credits(request: Request, principal: Reader) -> Response:
    """By channel."""
    wallets = await credits.show(state_of(request).pool, principal.account_id)
    data = {channel: asdict(wallet) for channel, wallet in wallets.items()}
    return json_response({"success": True, "message": "found", "data": data})


@router.get("/api/journal", summary="Your journal", response_model=None, responses=answers(models.OwnJournalPage))
async def list_journal(
    request: Request,
    principal: Reader,
    kind: Literal["grant", "deduct", "transfer"] | None = None,
    channel: Channel | None = None,
    uid: Annotated[UUID | None, Query(description="All entries of this message, or of this grant.")] = None,
    occurred_after: Moment | None = None,
    occurred_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """What was granted, deducted and transferred, newest first; with `uid` also what a message held and spent."""
    wanted = journal.Filter([kind] if kind else [], channel, uid, occurred_after, occurred_before)
    return await listed_journal(request, principal.account_id, wanted, limit, cursor, format, shown_entry)


@router.post(
    "/api/credits/requests",
    summary="Ask for credits",
    response_model=None,
    responses=answers(models.OwnCreditRequestAnswer, 409, 413),
    openapi_extra=documented_body(models.AskForCredits, idempotent=True),
)
async def ask_for_credits(request: Request, principal: Manager) -> Response:
    """With a proof of payment, if you like. Up to 10 requests wait at a time."""
    if (declared_length(request) or 0) > _LARGEST_BODY:
        raise too_large(_LARGEST_BODY)
    pool = state_of(request).pool
    async with state_of(request).part(Bodies).read(request, principal.account_id) as raw:
        if len(raw) > _LARGEST_BODY:
            raise too_large(_LARGEST_BODY)
        body = parse_body(raw, models.AskForCredits)

        async def work(claim: KeyClaim) -> bytes:
            asked = await rules.ask(
                pool, principal.account_id, claim.id, body.channel, body.amount, body.note, body.proof
            )
            answer = {"success": True, "message": "asked", "data": shown_request(asked)}
            return orjson.dumps(answer, option=orjson.OPT_UTC_Z)

        return await once(request, principal.account_id, raw, uuid4(), work)


@router.get(
    "/api/credits/requests",
    summary="Your requests for credits",
    response_model=None,
    responses=answers(models.OwnCreditRequestPage),
)
async def list_own_credit_requests(
    request: Request,
    principal: Reader,
    state: models.State | None = None,
    channel: Channel | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Newest first, and what became of them."""
    states = [state] if state else []
    fetch = partial(credit_requests.page, state_of(request).pool, principal.account_id, states, channel)
    return await listed(request, limit, cursor, format, below_id(fetch), shown_request)

"""``/api/admin/v1/users/{account}/credits`` and ``/journal``: what a user has, and why."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.accounts import models
from api.admin.paths import UserId
from api.credits.journal import listed_journal, shown_entry
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import Moment
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform_once
from api.resources.listing import Cursor, Format, Limit
from domain.access.actors import Actor
from domain.channels import Channel
from services.accounts import users as rules
from services.changes import Change
from store.accounts import accounts, credits, journal
from store.accounts.journal import Entry

router = APIRouter(prefix="/api/admin/v1/users", tags=["admin: credits"])

_Reader = Annotated[Actor, Depends(Allows("credits:read"))]
_JournalReader = Annotated[Actor, Depends(Allows("credits:read", may_repeat=("kind",)))]


@router.get(
    "/{account}/credits", summary="Credits of a user", response_model=None, responses=answers(models.WalletsAnswer)
)
async def get_user_credits(request: Request, account: UserId, _: _Reader) -> Response:
    """By channel."""
    wallets = await credits.show(state_of(request).pool, account)
    return answer_one({channel: _wallet(wallet) for channel, wallet in wallets.items()})


@router.post(
    "/{account}/credits",
    summary="Grant or deduct credits",
    response_model=None,
    responses=answers(models.WalletAnswer, 402, 409),
    openapi_extra=documented_body(models.MoveCredits, idempotent=True),
)
async def move_user_credits(
    request: Request,
    account: UserId,
    actor: Annotated[Actor, Depends(Allows("credits:write"))],
    dry_run: DryRun = False,
) -> Response:
    """A negative amount deducts what is available. Give an `Idempotency-Key`, so that a repeat moves nothing more."""
    raw = await read_body(request)
    body = parse_body(raw, models.MoveCredits)

    async def work(made: Change, claim: KeyClaim) -> Answer:
        made.reason = body.reason
        wallet = await rules.move_credits(made, account, body.channel, body.amount, claim.id)
        return "granted" if body.amount > 0 else "deducted", _wallet(wallet)

    return await perform_once(request, actor, "user.credits_moved", raw, work, dry_run=dry_run)


@router.post(
    "/{account}/credits/transfer",
    summary="Transfer credits to another user",
    response_model=None,
    responses=answers(models.TransferAnswer, 402, 409),
    openapi_extra=documented_body(models.TransferCredits, idempotent=True),
)
async def transfer_credits(
    request: Request,
    account: UserId,
    actor: Annotated[Actor, Depends(Allows("credits:write"))],
    dry_run: DryRun = False,
) -> Response:
    """What is available, in one transaction. Both journals have an entry `transfer` that names the other user."""
    raw = await read_body(request)
    body = parse_body(raw, models.TransferCredits)

    async def work(made: Change, claim: KeyClaim) -> Answer:
        made.reason = body.reason
        wallets = await rules.transfer_credits(made, account, body.to, body.channel, body.amount, claim.id)
        return "transferred", {side: _wallet(wallet) for side, wallet in wallets.items()} | {"uid": claim.id}

    return await perform_once(request, actor, "user.credits_transferred", raw, work, dry_run=dry_run)


@router.get(
    "/{account}/journal", summary="Credits that were moved", response_model=None, responses=answers(models.JournalPage)
)
async def list_user_journal(
    request: Request,
    account: UserId,
    _: _JournalReader,
    kind: Annotated[list[Literal["grant", "deduct", "transfer"]], Query()] = [],
    channel: Channel | None = None,
    uid: Annotated[UUID | None, Query(description="All entries of this message, or of this grant.")] = None,
    occurred_after: Moment | None = None,
    occurred_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """What was granted, deducted and transferred, newest first; with `uid` all entries of a message."""
    pool = state_of(request).pool
    await accounts.get(pool, account)
    wanted = journal.Filter(list(kind), channel, uid, occurred_after, occurred_before)
    return await listed_journal(request, account, wanted, limit, cursor, format, _entry)


def _entry(entry: Entry) -> dict[str, Any]:
    return shown_entry(entry) | {"other_user_id": entry.other_account}


def _wallet(wallet: credits.Wallet) -> dict[str, int]:
    return asdict(wallet)

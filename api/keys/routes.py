"""``/api/keys``: a user's own keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.keys import models
from api.keys.shown import place, position, shown
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, listed
from domain.access.api_keys import MintedKey
from services.accounts import own_keys as rules
from services.accounts.keys import NewKey, networks
from services.changes import Change
from store.accounts import api_keys
from store.accounts.api_keys import KeyInfo, Principal

router = APIRouter(prefix="/api/keys", tags=["keys"])

_Holder = Annotated[Principal, Depends(requires("keys"))]


@router.get("", summary="Your keys, newest first", response_model=None, responses=answers(models.OwnKeyPage))
async def list_own_keys(
    request: Request,
    principal: _Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their secrets; revoked ones included."""
    check_known(request)

    async def fetch(after: str | None, most: int) -> list[KeyInfo]:
        at = None if after is None else position(after)
        return await api_keys.page(state_of(request).pool, principal.account_id, None, at, most)

    return await listed(request, limit, cursor, format, fetch, shown, place)


@router.post(
    "",
    summary="Make a key of your own",
    response_model=None,
    responses=answers(models.IssuedOwnKeyAnswer, 409),
    openapi_extra=documented_body(models.NewOwnKey, idempotent=True),
)
async def issue_own_key(request: Request, principal: _Holder, dry_run: DryRun = False) -> Response:
    """It may do no more than the key that makes it. The answer is the only place where it is ever shown."""
    check_known(request)
    raw, keyring = await read_body(request), state_of(request).keyring
    body = parse_body(raw, models.NewOwnKey)
    allowed_ips = None if body.ip_allow is None else networks(body.ip_allow)
    new = NewKey(body.name, body.scopes, allowed_ips, body.expires_at, body.test, None, body.spend_cap)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return await _issued(made, await rules.issue_own_key(made, keyring, await _holder(made, principal), new))

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "key.issued", raw, work, dry_run=dry_run, is_secret=True)


@router.post(
    "/{key}/roll",
    summary="Replace a key of your own",
    response_model=None,
    responses=answers(models.IssuedOwnKeyAnswer, 409),
    openapi_extra=documented_body(models.RollOwnKey, idempotent=True, required=False),
)
async def roll_own_key(request: Request, key: QueryText, principal: _Holder, dry_run: DryRun = False) -> Response:
    """By one with the same rights. Both work until the overlap is over."""
    check_known(request)
    raw = await read_body(request)
    body = parse_body(raw, models.RollOwnKey) if raw else models.RollOwnKey()

    async def work(made: Change, _: KeyClaim) -> Answer:
        holder = await _holder(made, principal)
        return await _issued(made, await rules.roll_own_key(made, holder, key, body.overlap_seconds))

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "key.rolled", raw, work, dry_run=dry_run, is_secret=True)


@router.post(
    "/{key}/revoke", summary="Revoke a key of your own", response_model=None, responses=answers(models.OwnKeyAnswer)
)
async def revoke_own_key(request: Request, key: QueryText, principal: _Holder, dry_run: DryRun = False) -> Response:
    """Permanently, from the next request on."""
    check_known(request)

    async def work(made: Change) -> Answer:
        return "revoked", shown(await rules.revoke_own_key(made, await _holder(made, principal), key))

    return await perform(request, user_actor(request, principal), "key.revoked", work, dry_run=dry_run)


async def _holder(made: Change, principal: Principal) -> rules.Holder:
    if principal.is_session:
        return rules.Holder(principal.account_id, principal.scopes)
    key = await api_keys.get(made.store, principal.key_id)
    return rules.Holder(key.account_id, key.scopes, key.allowed_ips, key.expires_at)


async def _issued(made: Change, minted: MintedKey) -> tuple[str, dict[str, Any]]:
    key = await api_keys.get(made.store, minted.id)
    return "keep the key, it is not shown again", shown(key) | {"key": minted.text}

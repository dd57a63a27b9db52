"""``/api/admin/v1/keys``: API keys of users and of staff."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.accounts import models
from api.admin.paths import MemberId, UserId
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.keys.shown import place, position
from api.keys.shown import shown as own_shown
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, listed
from domain.access.actors import Actor
from domain.access.api_keys import MintedKey
from domain.errors import InvalidError
from services.accounts import keys as rules
from services.changes import Change
from store.accounts import api_keys
from store.accounts.api_keys import KeyInfo
from store.pool import Pool

router = APIRouter(prefix="/api/admin/v1/keys", tags=["admin: keys"])

_Reader = Annotated[Actor, Depends(Allows("keys:read"))]
_Writer = Annotated[Actor, Depends(Allows("keys:write"))]


@router.post(
    "",
    summary="Make a key",
    response_model=None,
    responses=answers(models.IssuedKeyAnswer, 409),
    openapi_extra=documented_body(models.NewKey, idempotent=True),
)
async def issue_key(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """For a user, or for a member of staff. The answer is the only place where the key is ever shown."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewKey)
    if (body.user is None) == (body.staff is None):
        raise InvalidError("key_owner", "say whose key it is: either user or staff")
    allowed_ips = None if body.ip_allow is None else rules.networks(body.ip_allow)
    certificate = None if body.certificate is None else rules.fingerprint(body.certificate)
    limits = (body.test, body.rate_class, body.spend_cap, certificate)
    new = rules.NewKey(body.name, body.scopes, allowed_ips, body.expires_at, *limits)
    keyring = state_of(request).keyring

    async def work(made: Change, _: KeyClaim) -> Answer:
        if body.user is not None:
            minted = await rules.issue_user_key(made, keyring, body.user, new)
        else:
            assert body.staff is not None
            minted = await rules.issue_staff_key(made, body.staff, new)
        return "keep the key, it is not shown again", await _issued(made, minted)

    return await perform_once(request, actor, "key.issued", raw, work, dry_run=dry_run, is_secret=True)


@router.get("", summary="Keys, newest first", response_model=None, responses=answers(models.KeyPage))
async def list_keys(
    request: Request,
    _: _Reader,
    user: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only those of this user.")] = None,
    staff: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only those of this member of staff.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their secrets; revoked ones included."""
    fetch = partial(_fetch, state_of(request).pool, user, staff)
    return await listed(request, limit, cursor, format, fetch, shown, place)


@router.get("/{key}", summary="Read a key", response_model=None, responses=answers(models.KeyAnswer))
async def get_key(request: Request, key: QueryText, _: _Reader) -> Response:
    """By its id, without its secret."""
    return answer_one(shown(await api_keys.get(state_of(request).pool, key)))


@router.post(
    "/{key}/roll",
    summary="Replace a key",
    response_model=None,
    responses=answers(models.IssuedKeyAnswer, 409),
    openapi_extra=documented_body(models.RollKey, idempotent=True, required=False),
)
async def roll_key(request: Request, key: QueryText, actor: _Writer, dry_run: DryRun = False) -> Response:
    """By one with the same rights. Both work until the overlap is over."""
    raw = await read_body(request)
    body = parse_body(raw, models.RollKey) if raw else models.RollKey()

    async def work(made: Change, _: KeyClaim) -> Answer:
        minted = await rules.roll_key(made, key, body.overlap_seconds)
        return "keep the key, it is not shown again", await _issued(made, minted)

    return await perform_once(request, actor, "key.rolled", raw, work, dry_run=dry_run, is_secret=True)


@router.post("/{key}/revoke", summary="Revoke a key", response_model=None, responses=answers(models.KeyAnswer))
async def revoke_key(request: Request, key: QueryText, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Permanently, from the next request on."""

    async def work(made: Change) -> Answer:
        return "revoked", shown(await rules.revoke_key(made, key))

    return await perform(request, actor, "key.revoked", work, dry_run=dry_run)


def shown(key: KeyInfo) -> dict[str, Any]:
    """A key, as it is answered."""
    return own_shown(key) | {"user_id": key.account_id or None, "staff_id": key.staff_id}


async def _issued(made: Change, minted: MintedKey) -> dict[str, Any]:
    return shown(await api_keys.get(made.store, minted.id)) | {"key": minted.text}


async def _fetch(
    pool: Pool, user: UserId | None, staff: MemberId | None, after: str | None, most: int
) -> list[KeyInfo]:
    return await api_keys.page(pool, user, staff, None if after is None else position(after), most)

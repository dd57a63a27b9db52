"""``/api/devices/tokens``: tokens that pair phones with an account's gateways."""

from fastapi import APIRouter, Request, Response

from api.devices import handling, models
from api.devices.access import Holder, Picture, TokenId
from api.http.body import parse_body, read_body
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import DryRun
from api.resources.listing import Cursor, Format, Limit

router = APIRouter(prefix="/api/devices/tokens", tags=["devices"])


@router.post(
    "",
    summary="Make tokens that pair phones",
    response_model=None,
    responses=answers(models.TokensAnswer, 409),
    openapi_extra=documented_body(models.NewTokens, idempotent=True, required=False),
)
async def issue_device_tokens(
    request: Request, principal: Holder, qr: Picture = None, dry_run: DryRun = False
) -> Response:
    """Each pairs one phone, once. The answer is the only place where they are ever shown."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewTokens) if raw else models.NewTokens()
    actor = user_actor(request, principal)
    return await handling.issue(request, actor, raw, principal.account_id, body, draws=qr is not None, dry_run=dry_run)


@router.get("", summary="Your pairing tokens, newest first", response_model=None, responses=answers(models.TokenPage))
async def list_device_tokens(
    request: Request,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their texts. They are listed until 30 days after they have expired."""
    return await handling.list_tokens(request, principal.account_id, limit, cursor, format)


@router.delete(
    "/{device_token}", summary="Revoke a pairing token", response_model=None, responses=answers(models.TokenGone)
)
async def revoke_device_token(
    request: Request, device_token: TokenId, principal: Holder, dry_run: DryRun = False
) -> Response:
    """Nobody can use it any more. A phone that it has paired stays paired: revoke that by itself."""
    actor = user_actor(request, principal)
    return await handling.revoke_token(request, actor, principal.account_id, device_token, dry_run=dry_run)

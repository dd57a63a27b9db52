"""``/api/admin/v1/devices``: phones of any account, and tokens that pair them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.devices import handling, models
from api.devices.access import DeviceId, Picture, SimUid, TokenId
from api.http.body import parse_body, read_body
from api.http.query_text import QueryText
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import DryRun
from api.resources.listing import Cursor, Format, Limit
from api.resources.words import unless_word
from domain.access.actors import Actor
from domain.messages.page import ADMIN_ACCOUNT
from store.devices.lists import Filter

token_router = APIRouter(prefix="/api/admin/v1/devices/tokens", tags=["admin: devices"])
router = APIRouter(prefix="/api/admin/v1/devices", tags=["admin: devices"], route_class=unless_word("device", "tokens"))

_Reader = Annotated[Actor, Depends(Allows("devices:read"))]
_Writer = Annotated[Actor, Depends(Allows("devices:write"))]
_User = Annotated[QueryText | None, Query(pattern="^(admin|[1-9][0-9]{0,17})$", description="A user's id, or `admin`.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.DeviceAnswer, 412)}
_sim: dict[str, Any] = {"response_model": None, "responses": answers(models.DeviceSimAnswer, 412)}


@token_router.post(
    "",
    summary="Make tokens that pair phones with any gateway",
    response_model=None,
    responses=answers(models.TokensAnswer, 409),
    openapi_extra=documented_body(models.NewTokensOf, idempotent=True, required=False),
)
async def issue_any_device_tokens(
    request: Request, actor: _Writer, qr: Picture = None, dry_run: DryRun = False
) -> Response:
    """For the management of a fleet: up to 1,000 at once, which can be used for days. They are shown here only."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewTokensOf) if raw else models.NewTokensOf()
    account_id = ADMIN_ACCOUNT if body.user is None else body.user
    return await handling.issue(request, actor, raw, account_id, body, draws=qr is not None, dry_run=dry_run)


@token_router.get("", summary="Pairing tokens, newest first", response_model=None, responses=answers(models.TokenPage))
async def list_all_device_tokens(
    request: Request,
    _: _Reader,
    user: _User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their texts."""
    return await handling.list_tokens(request, _account(user), limit, cursor, format)


@token_router.delete(
    "/{device_token}", summary="Revoke any pairing token", response_model=None, responses=answers(models.TokenGone)
)
async def revoke_any_device_token(
    request: Request, device_token: TokenId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """Nobody can use it any more. A phone that it has paired stays paired."""
    return await handling.revoke_token(request, actor, None, device_token, dry_run=dry_run)


@router.get("", summary="Phones, newest first", response_model=None, responses=answers(models.DevicePage))
async def list_all_devices(
    request: Request,
    _: _Reader,
    user: _User = None,
    state: models.State | None = None,
    gateway: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply."""
    wanted = Filter(_account(user), state, gateway)
    return await handling.list_devices(request, wanted, limit, cursor, format)


@router.get("/{device}", summary="Any phone", **_one)
async def get_any_device(request: Request, device: DeviceId, _: _Reader) -> Response:
    """With its health, what its SIMs may still send, and why it is idle."""
    return await handling.read(request, None, device)


@router.patch("/{device}", summary="Rename any phone", openapi_extra=documented_body(models.ChangeDevice), **_one)
async def change_any_device(request: Request, device: DeviceId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """The name stays when it is paired again."""
    body = parse_body(await read_body(request), models.ChangeDevice)
    return await handling.rename(request, actor, None, device, body.name, dry_run=dry_run)


@router.post("/{device}/revoke", summary="Revoke any phone", **_one)
async def revoke_any_device(request: Request, device: DeviceId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its session ends at once, everywhere. Messages that it has end as `unknown`."""
    return await handling.revoke(request, actor, None, device, dry_run=dry_run)


@router.post(
    "/{device}/pair",
    summary="Make a token that pairs any phone again",
    response_model=None,
    responses=answers(models.TokenAnswer, 409),
    openapi_extra=documented_body(models.NewToken, idempotent=True, required=False),
)
async def pair_any_device(
    request: Request, device: DeviceId, actor: _Writer, qr: Picture = None, dry_run: DryRun = False
) -> Response:
    """It stays the same device of the same account."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewToken) if raw else models.NewToken()
    return await handling.pair_again(request, actor, raw, None, device, body, draws=qr is not None, dry_run=dry_run)


@router.get("/{device}/sims/{sim}", summary="A SIM of any phone", **_sim)
async def get_any_device_sim(request: Request, device: DeviceId, sim: SimUid, _: _Reader) -> Response:
    """With what it has sent, and what is left of its caps."""
    return await handling.read_sim(request, None, device, sim)


@router.patch(
    "/{device}/sims/{sim}", summary="Change a SIM of any phone", openapi_extra=documented_body(models.ChangeSim), **_sim
)
async def change_any_device_sim(
    request: Request, device: DeviceId, sim: SimUid, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """What the body does not name stays."""
    values = parse_body(await read_body(request), models.ChangeSim).model_dump(exclude_unset=True)
    return await handling.change_sim(request, actor, None, device, sim, values, dry_run=dry_run)


def _account(user: str | None) -> int | None:
    return None if user is None else ADMIN_ACCOUNT if user == "admin" else int(user)

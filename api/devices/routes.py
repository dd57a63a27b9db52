"""``/api/devices``: the phones of an account, their health, and their SIMs."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.devices import handling, models
from api.devices.access import DeviceId, Holder, Picture, SimUid
from api.http.body import parse_body, read_body
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import DryRun
from api.resources.listing import Cursor, Format, Limit
from api.resources.words import unless_word
from store.devices.lists import Filter

router = APIRouter(prefix="/api/devices", tags=["devices"], route_class=unless_word("device", "tokens"))

_one: dict[str, Any] = {"response_model": None, "responses": answers(models.DeviceAnswer, 412)}
_sim: dict[str, Any] = {"response_model": None, "responses": answers(models.DeviceSimAnswer, 412)}


@router.get("", summary="Your phones, newest first", response_model=None, responses=answers(models.DevicePage))
async def list_devices(
    request: Request,
    principal: Holder,
    state: models.State | None = None,
    gateway: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Those that are revoked included."""
    wanted = Filter(principal.account_id, state, gateway)
    return await handling.list_devices(request, wanted, limit, cursor, format)


@router.get("/{device}", summary="A phone", **_one)
async def get_device(request: Request, device: DeviceId, principal: Holder) -> Response:
    """With its health, what its SIMs may still send, and why it is idle."""
    return await handling.read(request, principal.account_id, device)


@router.patch("/{device}", summary="Rename a phone", openapi_extra=documented_body(models.ChangeDevice), **_one)
async def change_device(request: Request, device: DeviceId, principal: Holder, dry_run: DryRun = False) -> Response:
    """The name stays when it is paired again."""
    body = parse_body(await read_body(request), models.ChangeDevice)
    actor = user_actor(request, principal)
    return await handling.rename(request, actor, principal.account_id, device, body.name, dry_run=dry_run)


@router.post("/{device}/revoke", summary="Revoke a phone", **_one)
async def revoke_device(request: Request, device: DeviceId, principal: Holder, dry_run: DryRun = False) -> Response:
    """Its session ends at once, everywhere. Messages that it has end as `unknown`: nobody will hear of them."""
    actor = user_actor(request, principal)
    return await handling.revoke(request, actor, principal.account_id, device, dry_run=dry_run)


@router.post(
    "/{device}/pair",
    summary="Make a token that pairs a phone again",
    response_model=None,
    responses=answers(models.TokenAnswer, 409),
    openapi_extra=documented_body(models.NewToken, idempotent=True, required=False),
)
async def pair_device(
    request: Request, device: DeviceId, principal: Holder, qr: Picture = None, dry_run: DryRun = False
) -> Response:
    """It stays the same device, with its SIMs and their caps. Its session ends once the token is used."""
    raw = await read_body(request)
    body = parse_body(raw, models.NewToken) if raw else models.NewToken()
    actor = user_actor(request, principal)
    return await handling.pair_again(
        request, actor, raw, principal.account_id, device, body, draws=qr is not None, dry_run=dry_run
    )


@router.get("/{device}/sims/{sim}", summary="A SIM of a phone", **_sim)
async def get_device_sim(request: Request, device: DeviceId, sim: SimUid, principal: Holder) -> Response:
    """With what it has sent, and what is left of its caps."""
    return await handling.read_sim(request, principal.account_id, device, sim)


@router.patch(
    "/{device}/sims/{sim}",
    summary="Change a SIM of a phone",
    openapi_extra=documented_body(models.ChangeSim),
    **_sim,
)
async def change_device_sim(
    request: Request, device: DeviceId, sim: SimUid, principal: Holder, dry_run: DryRun = False
) -> Response:
    """What the body does not name stays. It counts from the next message on."""
    values = parse_body(await read_body(request), models.ChangeSim).model_dump(exclude_unset=True)
    actor = user_actor(request, principal)
    return await handling.change_sim(request, actor, principal.account_id, device, sim, values, dry_run=dry_run)

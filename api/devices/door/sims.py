"""``/api/gateway/sms/android/sim``: a phone's own SIMs, by the contract's protocol."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from api.devices.door import models
from api.devices.session import BY_SESSION, DeviceCaller
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from domain.devices.messages import Session
from domain.devices.sims import Card
from services.devices import sims as rules
from services.devices.sessions import lock
from services.devices.shown import shown_sim
from store.devices import sims
from store.pool import Connections, InTransaction

router = APIRouter(prefix="/api/gateway/sms/android/sim", tags=["phones"])

_named = documented_body(models.NamedSim) | BY_SESSION


@router.get(
    "/list",
    summary="A phone's SIMs",
    response_model=None,
    responses=answers(models.SimsAnswer),
    openapi_extra=BY_SESSION,
)
async def list_phone_sims(request: Request, session: DeviceCaller) -> Response:
    """With their caps."""
    found = await sims.of_device(state_of(request).pool, session.device_id)
    return _answered("found", [shown_sim(sim) for sim in found])


@router.post(
    "/create",
    summary="Add a SIM to a phone",
    response_model=None,
    responses=answers(models.SimAnswer, 409),
    openapi_extra=documented_body(models.CreateSim) | BY_SESSION,
)
async def create_phone_sim(request: Request, session: DeviceCaller) -> Response:
    """In a slot that has none. A card that was in this slot before is that SIM again."""
    body = parse_body(await read_body(request), models.CreateSim)
    settings = body.model_dump(exclude_unset=True, exclude={"slot", "carrier", "iccid_end"})
    card = Card(body.slot, carrier=body.carrier, iccid_end=body.iccid_end)

    async def work(store: Connections) -> Any:
        return shown_sim(await rules.add(store, session.device_id, card, settings))

    return await _changed(request, session, "added", work)


@router.post(
    "/update",
    summary="Change a SIM of a phone",
    response_model=None,
    responses=answers(models.SimAnswer),
    openapi_extra=documented_body(models.UpdateSim) | BY_SESSION,
)
async def update_phone_sim(request: Request, session: DeviceCaller) -> Response:
    """What the body does not name stays."""
    body = parse_body(await read_body(request), models.UpdateSim)
    return await _alter(request, session, "changed", body.uid, body.model_dump(exclude_unset=True, exclude={"uid"}))


@router.post(
    "/enable",
    summary="Have a SIM of a phone send",
    response_model=None,
    responses=answers(models.SimAnswer),
    openapi_extra=_named,
)
async def enable_phone_sim(request: Request, session: DeviceCaller) -> Response:
    """Also one that rests after faults."""
    uid = parse_body(await read_body(request), models.NamedSim).uid
    return await _alter(request, session, "enabled", uid, {"enabled": True})


@router.post(
    "/disable",
    summary="Have a SIM of a phone send nothing",
    response_model=None,
    responses=answers(models.SimAnswer),
    openapi_extra=_named,
)
async def disable_phone_sim(request: Request, session: DeviceCaller) -> Response:
    """Messages that the phone has for it stay its own."""
    uid = parse_body(await read_body(request), models.NamedSim).uid
    return await _alter(request, session, "disabled", uid, {"enabled": False})


@router.post(
    "/delete",
    summary="Delete a SIM of a phone",
    response_model=None,
    responses=answers(models.SimGone),
    openapi_extra=_named,
)
async def delete_phone_sim(request: Request, session: DeviceCaller) -> Response:
    """It comes back, as it was, if the phone says at its next pairing that it still has the card."""
    uid = parse_body(await read_body(request), models.NamedSim).uid

    async def work(store: Connections) -> None:
        await rules.remove(store, session.device_id, uid)

    return await _changed(request, session, "deleted", work)


async def _alter(request: Request, session: Session, message: str, uid: str, values: dict[str, Any]) -> Response:
    async def work(store: Connections) -> Any:
        return shown_sim(await rules.alter(store, session.device_id, uid, values))

    return await _changed(request, session, message, work)


async def _changed(
    request: Request, session: Session, message: str, work: Callable[[Connections], Awaitable[Any]]
) -> Response:
    async with state_of(request).pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        if not await lock(store, session):
            raise ApiError(401, "unauthorized", "this session has ended: pair the device again")
        data = await work(store)
    return _answered(message, data)


def _answered(message: str, data: Any) -> Response:
    return json_response({"success": True, "message": message, "data": data})

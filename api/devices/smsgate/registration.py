"""Phones with the app register by a code that is typed, or by a pairing token in the place of a private token."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.devices.session import BY_SESSION, AppCaller, RequiresDevice, session_ended
from api.devices.smsgate import models
from api.devices.smsgate.shown import PATH
from api.http.body import parse_small, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import PUBLIC, errors_of
from api.resources.context import request_context
from api.webhooks.memory import read_public_post
from domain.devices.smsgate.cards import cards_of
from domain.devices.smsgate.values import mapping, text
from services.devices.pairing import Phone, pair
from services.devices.sessions import lock
from services.devices.sims import note_cards
from store.pool import InTransaction

router = APIRouter(prefix=PATH, tags=["phones"])

_MOST_BYTES = 16 * 1024
_MOST_NAME = 100
_WAYS = ("code", "bearer")
_session_of = RequiresDevice("smsgate")
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.post(
    "/device",
    summary="Pair a phone with the app",
    status_code=201,
    response_model=None,
    responses={201: {"model": models.AppRegistration}, **errors_of(400, 401, 403, 408, 409, 413, 422, 429, 503)},
    openapi_extra=PUBLIC | _BODY,
)
async def register_app_device(request: Request) -> Response:
    """`Authorization: Code …` with the code that was typed, or `Bearer …` with a pairing token: each works once."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() not in _WAYS:
        raise ApiError(401, "pairing_refused", "register with a code: there are no accounts with passwords for phones")
    body = mapping(parse_small(await read_public_post(request, _MOST_BYTES)))
    state = state_of(request)
    phone = Phone("smsgate", text(body.get("name"), _MOST_NAME) or "Android", cards=cards_of(body.get("simCards")))
    paired = await pair(state.pool, state.keyring, token, phone, request_context(request))
    device_id = str(paired.device.id)
    return json_response({"id": device_id, "token": paired.token, "login": f"phone-{device_id[-6:]}"}, 201)


@router.get(
    "/device",
    summary="The address and the device of a phone with the app",
    response_model=None,
    responses={200: {"model": models.AppDevice}, **errors_of(401, 503)},
    openapi_extra=PUBLIC,
)
async def get_app_device(request: Request) -> Response:
    """Without a session only the address, which the app shows."""
    shown: dict[str, Any] = {"externalIp": request.client.host if request.client else ""}
    if "authorization" in request.headers:
        session = await _session_of(request)
        shown["device"] = {"id": str(session.device_id), "name": session.name}
    return json_response(shown)


@router.patch(
    "/device",
    summary="Tell the SIM cards of a phone with the app",
    status_code=204,
    response_model=None,
    openapi_extra=BY_SESSION | _BODY,
)
async def update_app_device(request: Request, session: AppCaller) -> Response:
    """The app does so whenever it starts. Its push token is of no use here: it listens to events."""
    body = mapping(parse_small(await read_body(request)))
    if body.get("id") != str(session.device_id):
        raise ApiError(403, "device_foreign", "this is another device's id: each phone changes itself only")
    async with state_of(request).pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        if not await lock(store, session):
            raise session_ended()
        await note_cards(store, session.device_id, cards_of(body.get("simCards")))
    return Response(status_code=204)


@router.get("/user/code", include_in_schema=False, response_model=None)
@router.patch("/user/password", include_in_schema=False, response_model=None)
async def refuse_app_user(request: Request) -> Response:
    """What the app offers for accounts of its own server."""
    raise ApiError(403, "no_phone_accounts", "phones have no accounts here: have a code made for each of them")

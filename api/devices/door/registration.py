"""``/api/gateway/sms/android``: sessions of phones, by the contract's protocol."""

from fastapi import APIRouter, Request, Response

from api.devices.door import models
from api.devices.session import BY_SESSION, DeviceCaller
from api.http.body import parse_body
from api.http.json_response import json_response
from api.http.query_text import check_query
from api.http.state import state_of
from api.reference.openapi import PUBLIC, answers, documented_body
from api.resources.access import check_known
from api.resources.context import request_context
from api.webhooks.memory import read_public_post
from domain.devices.sims import Card
from services.devices.pairing import Phone, pair
from services.devices.sessions import log_out as end_session

router = APIRouter(prefix="/api/gateway/sms/android", tags=["phones"])

_MOST_BYTES = 16 * 1024


@router.post(
    "/register-session",
    summary="Pair a phone",
    response_model=None,
    responses=answers(models.SessionAnswer, 400, 401, 403, 408, 409, 413, 422, 429, 503),
    openapi_extra=documented_body(models.RegisterSession) | PUBLIC,
)
async def register_session(request: Request) -> Response:
    """By a token that can be used once. A phone that is paired again stays the same device, with the same
    `gateway_uid`; its former session ends."""
    check_query(request.scope["query_string"])
    check_known(request)
    body = parse_body(await read_public_post(request, _MOST_BYTES), models.RegisterSession)
    phone = Phone(
        "xsender",
        body.device_name,
        body.device_uuid,
        body.android_version,
        body.app_version,
        body.journal,
        [Card(**sim.model_dump()) for sim in body.sims],
    )
    state = state_of(request)
    paired = await pair(state.pool, state.keyring, body.pairing_token, phone, request_context(request))
    device = paired.device
    data = {
        "session_token": paired.token,
        "gateway_uid": str(device.gateway_id),
        "user": {"id": device.account_id, "name": paired.account_name},
        "sims": [{"uid": sim.uid, "slot": sim.slot, "label": sim.label, "active": sim.enabled} for sim in paired.sims],
    }
    return json_response({"success": True, "message": "paired: the token is not shown again", "data": data})


@router.post(
    "/logout",
    summary="End the session of a phone",
    response_model=None,
    responses=answers(models.LoggedOut),
    openapi_extra=BY_SESSION,
)
async def log_out_phone(request: Request, session: DeviceCaller) -> Response:
    """It gets no more messages. Those that it has stay its own until they are no longer valid: it may come back."""
    await end_session(state_of(request).pool, session)
    return json_response({"success": True, "message": "logged out", "data": None})

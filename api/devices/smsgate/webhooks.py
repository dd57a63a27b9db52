"""What the app posts by itself: messages that it received, and how the phone is."""

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from api.devices.smsgate.shown import PATH
from api.http.bodies.posted_body import parse_object
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.leads.doors.documented import posted
from api.webhooks.memory import read_public_post
from api.webhooks.shared_starts import SharedStarts
from domain.devices.messages import Session
from domain.devices.smsgate.events import cancelled_in, health_in, received_in
from domain.devices.smsgate.values import mapping
from services.devices.app_webhooks import sender_of
from services.devices.received import take_received
from services.devices.reporting import report
from store.devices.doors import health

router = APIRouter(prefix=f"{PATH}/in", tags=["phones"])

_SECONDS = re.compile(r"[0-9]{1,11}")
_MOST_BYTES = 2 * 1024 * 1024
"""Of an MMS with its pictures."""


@router.post("/{secret}", summary="Receive an event of the app", **posted("An event, signed with the app's key."))
async def receive_app_event(request: Request, secret: str) -> Response:
    """At the address that `listAppWebhooks` names. Answered once a received message is stored."""
    state = state_of(request)
    raw = await read_public_post(request, _MOST_BYTES)
    stamp = request.headers.get("x-timestamp", "")
    signature = request.headers.get("x-signature", "")
    session = await sender_of(state.pool, state.keyring, secret, raw + stamp.encode(), signature)
    if session is None:
        raise ApiError(401, "unauthorized", "no phone has this address any more, or the signature is another one")
    await _take(state, session, parse_object(raw), stamp)
    return json_response({})


async def _take(state: AppState, session: Session, body: dict[str, Any], stamp: str) -> None:
    event, payload = str(body.get("event")), mapping(body.get("payload"))
    if received := received_in(event, payload, session.device_id):
        await take_received(state.pool, state.temporal, session, [received])
    if cancelled := cancelled_in(event, payload):
        await report(state.pool, state.part(SharedStarts).start, session, [cancelled])
    await health.note(state.pool, session, health_in(event, payload) or {}, _skew(stamp))


def _skew(stamp: str) -> float | None:
    """Seconds that the phone's clock is ahead: it signs the time at which it posts."""
    return int(stamp) - datetime.now(UTC).timestamp() if _SECONDS.fullmatch(stamp) else None

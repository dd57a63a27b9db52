"""The app fetches messages, is told of them by a stream of events, and reports them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.devices.session import BY_SESSION, AppCaller, session_ended
from api.devices.smsgate import models
from api.devices.smsgate.shown import PATH, message
from api.devices.waiting.asking import take
from api.devices.waiting.hub import WaitingDevices
from api.http.body import parse_small, read_body
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import errors_of
from api.webhooks.shared_starts import SharedStarts
from domain.devices.smsgate.reports import reports_of
from services.devices.reporting import report

router = APIRouter(prefix=PATH, tags=["phones"])

_LIMIT = 50
"""Messages of one answer: the app takes all of them before it asks again."""
_STATES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    }
}
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, as long as it is open.", "content": {"text/event-stream": {}}}
}


@router.get(
    "/message",
    summary="Messages for a phone with the app",
    response_model=None,
    responses={200: {"model": list[models.AppMessage]}, **errors_of(503)},
    openapi_extra=BY_SESSION,
)
@router.get("/messages", include_in_schema=False, response_model=None)
async def list_app_messages(
    request: Request,
    session: AppCaller,
    order: Annotated[QueryText, Query(max_length=10, description="Makes no difference: they are in order.")] = "fifo",
) -> Response:
    """New ones, and those that it has and did not report, or that it is to give back (`Cancelling`)."""
    taken = await take(request, session, _LIMIT)
    return json_response([message(offer) for offer in taken.offers])


@router.patch(
    "/message",
    summary="Report messages of the app",
    status_code=204,
    response_model=None,
    openapi_extra=BY_SESSION | _STATES,
)
@router.patch("/messages", include_in_schema=False, status_code=204, response_model=None)
async def report_app_messages(request: Request, session: AppCaller) -> Response:
    """Their states. Messages that are not the phone's are ignored: it would report them for ever."""
    state = state_of(request)
    reports = reports_of(parse_small(await read_body(request)))
    if reports:
        if await report(state.pool, state.part(SharedStarts).start, session, reports) is None:
            raise session_ended()
        state.part(WaitingDevices).reported(session)
    return Response(status_code=204)


@router.get("/events", summary="Events for the app", response_model=None, responses=_EVENTS, openapi_extra=BY_SESSION)
async def stream_app_events(request: Request, session: AppCaller) -> Response:
    """`MessageEnqueued`, `MessageCancelled`, `SettingsUpdated` and `WebhooksUpdated`. They only say that there is
    something to fetch. It ends with the session."""
    lines = await state_of(request).part(WaitingDevices).events(session)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # proxies pass each event on at once
    return StreamingResponse(lines, media_type="text/event-stream", headers=headers)

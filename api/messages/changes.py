"""``POST /api/{channel}/{uid}/cancel`` and ``…/reschedule``: for messages that still wait."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StrictStr

from api.callbacks.waking import wake_callbacks
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.messages.lookup import find_own, parse_uid
from api.messages.models import ChangeAnswer
from api.reference.openapi import answers, documented_body
from domain.channels import Channel
from domain.errors import FieldError, invalid
from domain.ids import page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from domain.messages.schedule import InvalidSchedule, parse_schedule_at
from domain.messages.statuses import WITH_DEVICE, State, contract_word
from services.workflow_calls import ChangeRefused, change_workflow
from store.accounts.api_keys import Principal
from store.batches import batches
from store.callbacks import callbacks

router = APIRouter(tags=["waiting messages"], responses=answers(ChangeAnswer, 409))

_Sender = Annotated[Principal, Depends(requires("send", minds_narrowing=True))]


class Reschedule(BaseModel):
    """A new time for a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule_at: StrictStr


@router.post("/api/{channel}/{uid}/cancel", summary="Cancel a message that still waits", response_model=None)
async def cancel_message(request: Request, channel: Channel, uid: str, principal: _Sender) -> Response:
    """The message is not sent and its credit is released."""
    state, message_uid = state_of(request), parse_uid(uid)
    await find_own(state, principal, channel, message_uid)
    if await batches.cancel_message(state.pool, message_uid):
        await wake_callbacks(state, await callbacks.queue_page(state.pool, message_uid, message_uid))
    else:
        await _change(state, ChangeRequest(str(uuid4()), str(message_uid), "cancel"))
    return _changed("cancelled", message_uid, State.CANCELLED)


@router.post(
    "/api/{channel}/{uid}/reschedule",
    summary="Move a scheduled message to another time",
    response_model=None,
    openapi_extra=documented_body(Reschedule),
)
async def reschedule_message(request: Request, channel: Channel, uid: str, principal: _Sender) -> Response:
    """The new time is read as in the send request; a past one means at once."""
    state, message_uid = state_of(request), parse_uid(uid)
    body = parse_body(await read_body(request), Reschedule)
    message, _ = await find_own(state, principal, channel, message_uid)
    if message is not None and message.credit == "pending":
        raise ApiError(409, "in_batch", "a batch keeps one time for all its messages: cancel this one, or the batch")
    try:
        at = parse_schedule_at(body.schedule_at, principal.time_zone)
    except InvalidSchedule as error:
        raise invalid([FieldError("/schedule_at", error.code, error.message)]) from None
    await _change(state, ChangeRequest(str(uuid4()), str(message_uid), "reschedule", at.timestamp()))
    is_due = at <= datetime.now(UTC)
    return _changed("rescheduled", message_uid, State.QUEUED if is_due else State.SCHEDULED, at)


def _changed(what: str, uid: UUID, state: State, at: datetime | None = None) -> Response:
    data = {"uid": uid, "status": contract_word(state, receipts=False), "state": state, "schedule_at": at}
    return json_response({"success": True, "message": what, "data": data})


async def _change(state: AppState, request: ChangeRequest) -> None:
    try:
        await change_workflow(state.temporal, send_workflow_id(page_of(UUID(request.uid))), request)
    except ChangeRefused as refusal:
        if refusal.why == WITH_DEVICE:
            message = f"{WITH_DEVICE.capitalize()}: unless it has begun to send it, the message ends as cancelled."
            raise ApiError(409, "with_device", message) from None
        raise ApiError(409, "not_waiting", "this message does not wait any more") from None

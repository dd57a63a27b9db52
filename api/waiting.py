"""``POST /api/{channel}/{uid}/cancel`` and ``…/reschedule``: for messages that still wait."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StrictStr
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from api.auth import requires
from api.body import parse_body, read_body
from api.errors import ApiError, FieldError, invalid
from api.live import live_status
from api.openapi import documented_body
from api.state import State, state_of
from api.status import parse_uid, unknown_message
from domain.channels import Channel
from domain.ids import page_of, send_workflow_id
from domain.page import RescheduleRequest
from domain.schedule import InvalidSchedule, parse_schedule_at
from store import messages
from store.api_keys import Principal

router = APIRouter(tags=["waiting messages"])

_Sender = Annotated[Principal, Depends(requires("send"))]
_UPDATE_TIMEOUT = timedelta(seconds=10)


class Reschedule(BaseModel):
    """A new time for a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule_at: StrictStr


@router.post("/api/{channel}/{uid}/cancel", summary="Cancel a message that still waits")
async def cancel(request: Request, channel: Channel, uid: str, principal: _Sender) -> dict[str, Any]:
    """The message is not sent and its credit is released."""
    state = state_of(request)
    message_uid = await _own(state, principal, channel, uid)
    await _update(state, message_uid, "cancel", str(message_uid))
    return {"success": True, "message": "cancelled", "data": {"uid": uid, "status": "fail", "state": "cancelled"}}


@router.post(
    "/api/{channel}/{uid}/reschedule",
    summary="Move a scheduled message to another time",
    openapi_extra=documented_body(Reschedule),
)
async def reschedule(request: Request, channel: Channel, uid: str, principal: _Sender) -> dict[str, Any]:
    """The new time is read as in the send request; a past one means at once."""
    state = state_of(request)
    body = parse_body(await read_body(request), Reschedule)
    message_uid = await _own(state, principal, channel, uid)
    try:
        at = parse_schedule_at(body.schedule_at, principal.time_zone)
    except InvalidSchedule as error:
        raise invalid([FieldError("/schedule_at", error.code, error.message)]) from None
    await _update(state, message_uid, "reschedule", RescheduleRequest(str(message_uid), at.timestamp()))
    now = "queued" if at <= datetime.now(UTC) else "scheduled"
    status = {"queued": "pending", "scheduled": "schedule"}[now]
    return {
        "success": True,
        "message": "rescheduled",
        "data": {"uid": uid, "status": status, "state": now, "schedule_at": at},
    }


async def _own(state: State, principal: Principal, channel: Channel, uid: str) -> UUID:
    """The uid, if the message is the caller's own; in its first moments only its workflow knows."""
    parsed = parse_uid(uid)
    if await messages.find(state.pool, principal.account_id, channel, parsed) is None:
        live = await live_status(state.temporal, parsed)
        if live is None or live.account_id != principal.account_id:
            raise unknown_message()
    return parsed


async def _update(state: State, uid: UUID, name: str, argument: object) -> None:
    handle = state.temporal.get_workflow_handle(send_workflow_id(page_of(uid)))
    try:
        await handle.execute_update(name, argument, rpc_timeout=_UPDATE_TIMEOUT)
    except WorkflowUpdateFailedError:
        raise _past() from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise ApiError(503, "unavailable", "no worker answers: try again", retry_after=5) from None
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise _past() from None
        raise


def _past() -> ApiError:
    return ApiError(409, "not_waiting", "this message does not wait any more")

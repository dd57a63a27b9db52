"""``GET /api/get/{channel}/{uid}``: what became of a message, and why it waits."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from api.auth import requires
from api.errors import ApiError
from api.live import live_status
from api.state import state_of
from domain.channels import Channel
from domain.page import LiveStatus
from domain.statuses import State, contract_word
from store import messages
from store.api_keys import Principal

router = APIRouter(tags=["status"])

_LIVE = frozenset({State.SCHEDULED, State.QUEUED, State.PROCESSING})


@router.get("/api/get/{channel}/{uid}", summary="Read a message's status")
async def get_status(
    request: Request, channel: Channel, uid: str, principal: Annotated[Principal, Depends(requires("read"))]
) -> dict[str, Any]:
    """`status` speaks XSender's words, `state` ours. `waiting` says what a message waits for, and until when."""
    state = state_of(request)
    message_uid = parse_uid(uid)
    message = await messages.find(state.pool, principal.account_id, channel, message_uid)
    live = None
    if message is None or message.state in _LIVE:
        live = await live_status(state.temporal, message_uid)
        if live is not None and live.account_id != principal.account_id:
            live = None
    if message is None:
        if live is None:
            raise unknown_message()
        return _answer({"uid": uid, **_states(State(live.state), receipts=False), "waiting": _waiting(live)})
    attempts = await messages.attempts(state.pool, message_uid)
    return _answer(_describe(message, attempts, live))


def parse_uid(text: str) -> UUID:
    """A uid from a path; what is not one is as unknown as one that never was."""
    try:
        return UUID(text)
    except ValueError:
        raise unknown_message() from None


def unknown_message() -> ApiError:
    """404, the same for a foreign uid and for none at all."""
    return ApiError(404, "message_not_found", "there is no message with this uid on this channel")


def _answer(data: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "message": f"the message is {data['state']}", "data": data}


def _states(state: State, receipts: bool) -> dict[str, str]:
    return {"status": contract_word(state, receipts), "state": state.value}


def _describe(message: messages.Message, attempts: list[messages.Attempt], live: LiveStatus | None) -> dict[str, Any]:
    state = State(live.state) if live and message.state in _LIVE else State(message.state)
    return {
        "uid": str(message.uid),
        **_states(state, message.receipts),
        "to": message.recipient,
        "gateway": message.gateway,
        "provider_id": message.provider_id,
        "code": message.code,
        "reason": message.reason,
        "waiting": _waiting(live) if live else None,
        "credit": {"amount": message.price, "state": message.credit},
        "attempts": [_attempt(attempt) for attempt in attempts],
        "schedule_at": message.schedule_at,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    }


def _waiting(live: LiveStatus) -> dict[str, Any] | None:
    if not live.waits_for:
        return None
    until = datetime.fromtimestamp(live.until, UTC) if live.until else None
    return {"for": live.waits_for, "until": until, "gateway": live.gateway or None}


def _attempt(attempt: messages.Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.attempt,
        "gateway": attempt.gateway,
        "outcome": attempt.outcome or "awaiting answer",
        "provider_id": attempt.provider_id,
        "code": attempt.code,
        "reason": attempt.reason,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
    }

"""``GET /api/get/{channel}/{uid}``: a message's status, and why it waits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.http.json_response import json_response
from api.http.state import state_of
from api.messages.lookup import ReadMessage, read_message, unknown_message, with_workflow
from api.messages.models import StatusAnswer
from api.reference.openapi import answers
from domain.channels import Channel
from domain.ids import minted_at
from domain.messages.page import ADMIN_ACCOUNT, LiveStatus
from domain.messages.statuses import WAITS_FOR_DEVICE, State, advance, contract_word
from domain.reputation.rules import REPUTATION_GUARD
from services.reputation.shown import why_held
from store.audience.templates import sent
from store.devices import queue
from store.messages.messages import Attempt, Message
from store.pool import Pool

router = APIRouter(tags=["status"])


@router.get(
    "/api/get/{channel}/{uid}",
    summary="Read a message's status",
    response_model=None,
    responses=answers(StatusAnswer),
)
async def get_message(
    request: Request, channel: Channel, uid: str, read: Annotated[ReadMessage, Depends(read_message)]
) -> Response:
    """`status` is XSender's name, `state` ours. `waiting` states what a message waits for, and until when."""
    return await _answer(request, channel, read)


@router.get("/api/sms/get/{uid}", include_in_schema=False)
async def get_sms_status(request: Request, uid: str, read: Annotated[ReadMessage, Depends(read_message)]) -> Response:
    """The path that one SDK for XSender uses."""
    return await _answer(request, Channel.SMS, read)


async def _answer(request: Request, channel: Channel, read: ReadMessage) -> Response:
    if read.uid is None:
        raise unknown_message()
    message, live = await with_workflow(state_of(request), read.principal, channel, read.uid, read.message)
    if message is None:
        assert live is not None
        data = unrecorded(read.uid, live)
    else:
        data = recorded(message, live)
        if read.principal.templates_version:  # else it has no templates
            data |= await template_of(request, read.uid)
    if live is not None and live.waits_for == REPUTATION_GUARD:
        why = await why_held(state_of(request).pool, live.account_id, channel, live.gateway)
        data["waiting"]["reason"] = why
    if live is not None and live.waits_for == WAITS_FOR_DEVICE:
        data |= await at_device(state_of(request).pool, read.principal.account_id, read.uid, data)
    return json_response({"success": True, "message": f"the message is {data['state']}", "data": data})


def recorded(message: Message, live: LiveStatus | None) -> dict[str, Any]:
    """A recorded message, with its status in the workflow."""
    state = State(message.state)
    return {
        "uid": message.uid,
        **_states(advance(state, State(live.state)) if live else state, message.receipts),
        **sender(message.account_id),
        "test": message.test,
        "purpose": message.purpose,
        "to": message.recipient,
        "gateway": message.gateway,
        "provider_id": message.provider_id,
        "code": message.code,
        "reason": message.reason,
        "waiting": _waiting(live),
        "credit": {"amount": message.price, "state": message.credit},
        "attempts": [_attempt(attempt) for attempt in message.attempts],
        "receipts": message.reported,
        "fallback_uid": message.fallback_uid,
        "schedule_at": message.schedule_at,
        "created_at": accepted_at(message.uid),
        "updated_at": message.updated_at,
    }


async def at_device(pool: Pool, account_id: int, uid: UUID, data: Mapping[str, Any]) -> dict[str, Any]:
    """Which phone and SIM a message waits for, or is with; those of others are not named."""
    if (place := await queue.place_of(pool, uid)) is None:
        return {}
    waiting = {**data["waiting"], "until": place.valid_until, "handed_at": place.handed_at}
    if place.account_id == account_id:
        device = None if place.device_id is None else {"id": place.device_id, "name": place.device}
        sim = None if place.sim is None else {"uid": place.sim, "label": place.sim_label}
        waiting |= {"device": device, "sim": sim}
    if place.handed_at is None:
        return {"waiting": waiting}
    return {"waiting": {**waiting, "is_cancelling": place.is_cancelling}, **_states(State.PROCESSING, receipts=False)}


async def template_of(request: Request, uid: UUID) -> dict[str, Any]:
    """From which template a message was made; empty: from none."""
    found = await sent.of_message(state_of(request).pool, uid)
    return {"template": found} if found else {}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    fields = {name: getattr(attempt, name) for name in Attempt.__slots__}  # asdict() copies each value, one by one
    return fields | {"outcome": attempt.outcome or "awaiting answer"}


def unrecorded(uid: UUID, live: LiveStatus) -> dict[str, Any]:
    """A message that was accepted a moment ago: its page has not been recorded yet."""
    unknown = ("purpose", "to", "gateway", "provider_id", "code", "reason", "credit", "updated_at", "fallback_uid")
    return {
        "uid": uid,
        **_states(State(live.state), receipts=False),
        **sender(live.account_id),
        "test": live.test,
        **dict.fromkeys(unknown),
        "waiting": _waiting(live),
        "attempts": [],
        "receipts": [],
        "schedule_at": _instant(live.until) if live.state == State.SCHEDULED else None,
        "created_at": accepted_at(uid),
    }


_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
"""An uid has room for later times, of clocks that were wrong, than can be shown."""


def accepted_at(uid: UUID) -> datetime:
    """When a message was accepted; lists are ordered and filtered by it."""
    return datetime.fromtimestamp(min(minted_at(uid), _LATEST), UTC)


def sender(account_id: int) -> dict[str, Any]:
    """The sender, as in the contract: a user, or "the admin"."""
    by_admin = account_id == ADMIN_ACCOUNT
    return {"user_id": None if by_admin else account_id, "by_admin": by_admin}


def _states(state: State, receipts: bool) -> dict[str, str]:
    return {"status": contract_word(state, receipts), "state": state.value}


def _waiting(live: LiveStatus | None) -> dict[str, Any] | None:
    if live is None or not live.waits_for:
        return None
    return {"for": live.waits_for, "until": _instant(live.until), "gateway": live.gateway or None}


def _instant(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

"""Phones get messages, report them, and post what they received, by the contract's protocol."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.devices.door import message_models as models
from api.devices.session import BY_SESSION, DeviceCaller, session_ended
from api.devices.waiting.asking import take
from api.devices.waiting.hub import WaitingDevices
from api.devices.waiting.rounds import Taken
from api.http.bodies.body_memory import BodyMemory
from api.http.body import parse_small, read_body, validate
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.webhooks.shared_starts import SharedStarts
from domain.devices.messages import Offer, Report
from domain.devices.received import Received
from services.devices.received import take_received
from services.devices.reporting import report
from store.devices.doors import health

router = APIRouter(prefix="/api", tags=["phones"])

LONGEST_WAIT = 25
"""Seconds: proxies and carriers cut silent connections after 30."""
_MOST_BYTES = 512 * 1024
_MOST_VALUES = 12_000


@router.get(
    "/logs/sms/pending",
    summary="Messages for a phone",
    response_model=None,
    responses=answers(models.PendingMessages),
    openapi_extra=BY_SESSION,
)
async def list_pending_messages(
    request: Request,
    session: DeviceCaller,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait if there is none.")] = 0,
    sim: Annotated[QueryText | None, Query(max_length=20, description="Only for this SIM.")] = None,
) -> Response:
    """A message is the phone's until it reports an end. Until then it may be offered again: to a message that it knows,
    by `uid` and `attempt`, the phone answers by reporting its state."""
    taken = await take(request, session, limit, sim, wait)
    rows = [_shown(offer) for offer in taken.offers]
    return json_response({"success": True, "data": rows, "poll_after": _poll_after(taken, wait)})


def _shown(offer: Offer) -> dict[str, Any]:
    return {
        "uid": offer.uid,
        "attempt": offer.attempt,
        "sim_uid": offer.sim,
        "number": offer.recipient,
        "body": offer.body,
        "parts": offer.parts,
        "encoding": "ucs2" if offer.is_unicode else "gsm7",
        "valid_until": offer.valid_until,
        "lease_until": offer.valid_until,
        "cancel": offer.is_cancelling,
    }


def _poll_after(taken: Taken, waited: int) -> float:
    """Not at once after a wait: it may have ended early because another request of the phone began."""
    if taken.offers:
        return 0.0
    return 1.0 if waited else max(1.0, round(min(taken.wait, LONGEST_WAIT), 1))


@router.post(
    "/logs/sms/update-statuses",
    summary="Report messages, and how the phone is",
    response_model=None,
    responses=answers(models.UpdatedStatusesAnswer),
    openapi_extra=documented_body(models.UpdateStatuses) | BY_SESSION,
)
async def update_statuses(request: Request, session: DeviceCaller) -> Response:
    """Reports may come late, repeatedly and in any order. A message with several parts is `sent` once all of its parts
    are, and `failed` once one is."""
    state = state_of(request)
    with state.part(BodyMemory).body(session.account_id) as held:
        body = validate(parse_small(await read_body(request, _MOST_BYTES, held), _MOST_VALUES), models.UpdateStatuses)
        reports = [_report(one) for one in body.statuses]
        reported = await report(state.pool, state.part(SharedStarts).start, session, reports)
    if reported is None:
        raise session_ended()
    if body.statuses:
        state.part(WaitingDevices).reported(session)
    shown, skew = _health(body.device)
    settings = await health.note(state.pool, session, shown, skew)
    if settings is None:
        raise session_ended()
    data = {
        "accepted": reported.accepted,
        "ignored": reported.ignored,
        "cancel": reported.cancel,
        "settings_version": settings,
    }
    return json_response({"success": True, "data": data})


def _report(given: models.StatusReport) -> Report:
    return Report(
        given.uid,
        given.attempt,
        given.status,
        given.code,
        given.reason,
        given.at,
        given.part,
        given.parts,
        given.sim_uid,
    )


def _health(given: models.PhoneHealth | None) -> tuple[dict[str, Any], float | None]:
    """What to store, and the seconds that the phone's clock is ahead."""
    if given is None:
        return {}, None
    skew = None if given.clock is None else (given.clock - datetime.now(UTC)).total_seconds()
    return given.model_dump(exclude={"clock"}, exclude_none=True), skew


@router.post(
    "/gateway/sms/android/inbound",
    summary="Post messages that the phone received",
    response_model=None,
    responses=answers(models.ReceivedAnswer),
    openapi_extra=documented_body(models.ReceivedMessages) | BY_SESSION,
)
async def post_received_messages(request: Request, session: DeviceCaller) -> Response:
    """Answered once they are stored. One that is posted again changes nothing."""
    state = state_of(request)
    with state.part(BodyMemory).body(session.account_id) as held:
        body = validate(parse_small(await read_body(request, _MOST_BYTES, held)), models.ReceivedMessages)
        received = [Received(one.id, one.number, one.body, one.at, one.sim_uid) for one in body.messages]
        await take_received(state.pool, state.temporal, session, received)
    return json_response({"success": True, "data": {"accepted": len(received)}})

"""``/api/callbacks/{callback}/deliveries``: an endpoint's deliveries, and repeating them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.callbacks.models import DeliveryPage, QueuedAnswer, ReplayDeliveries, ReplayedAnswer
from api.callbacks.routes import Manager, Reader, find_endpoint
from api.callbacks.waking import wake_callbacks
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim, once
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.messages.routes import sender
from api.reference.openapi import IDEMPOTENCY_HEADER, answers, documented_body
from domain.callbacks import TEST_EVENT
from domain.errors import FieldError, invalid
from domain.messages.schedule import InvalidSchedule, parse_schedule_at
from store.accounts.api_keys import Principal
from store.callbacks import callback_deliveries, callbacks
from store.callbacks.callback_deliveries import Listed
from store.callbacks.callbacks import Notice

router = APIRouter(prefix="/api/callbacks/{callback}", tags=["callbacks"])


@router.get(
    "/deliveries",
    summary="Deliveries of a callback endpoint, newest first",
    response_model=None,
    responses=answers(DeliveryPage),
)
async def list_callback_deliveries(
    request: Request,
    callback: UUID,
    principal: Reader,
    state: Literal["pending", "delivered", "failed"] | None = None,
    cursor: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Kept for 30 days."""
    await find_endpoint(state_of(request), principal, callback)
    found = await callback_deliveries.listed(state_of(request).pool, callback, state, cursor, limit)
    next_cursor = found[-1].number if len(found) == limit else None
    return json_response({"data": [shown(delivery) for delivery in found], "next_cursor": next_cursor})


@router.post(
    "/test",
    summary="Post a test event to a callback endpoint",
    response_model=None,
    responses=answers(QueuedAnswer, 409),
    openapi_extra={"parameters": [IDEMPOTENCY_HEADER]},
)
async def test_callback(request: Request, callback: UUID, principal: Manager) -> Response:
    """Of type `endpoint.test`. The result is among the deliveries."""
    state = state_of(request)
    await _find_enabled(state, principal, callback)

    async def test(claimed: KeyClaim) -> bytes:
        now = datetime.now(UTC)
        data = {"endpoint_id": callback, **sender(principal.account_id)}
        notice = Notice(principal.account_id, TEST_EVENT, None, now, data, str(claimed.id))
        async with state.pool.connection() as conn:
            queued = await callbacks.queue_for(conn, callback, notice)
        await wake_callbacks(state, [callback])
        return orjson.dumps({"success": True, "message": "queued", "data": {"id": queued}})

    return await once(request, principal.account_id, b"", uuid4(), test)


@router.post(
    "/deliveries/{delivery}/replay",
    summary="Repeat a delivery",
    response_model=None,
    responses=answers(QueuedAnswer, 409),
)
async def replay_callback_delivery(request: Request, callback: UUID, delivery: UUID, principal: Manager) -> Response:
    """With the same `webhook-id`, whatever its state."""
    state = state_of(request)
    await _find_enabled(state, principal, callback)
    if not await callback_deliveries.replay(state.pool, callback, delivery):
        raise ApiError(404, "delivery_not_found", "this endpoint has no delivery with this id")
    await wake_callbacks(state, [callback])
    return json_response({"success": True, "message": "queued", "data": {"id": delivery}})


@router.post(
    "/replay",
    summary="Repeat failed deliveries",
    response_model=None,
    responses=answers(ReplayedAnswer, 409),
    openapi_extra=documented_body(ReplayDeliveries),
)
async def replay_callback_deliveries(request: Request, callback: UUID, principal: Manager) -> Response:
    """Those of events since then that failed finally, 10,000 at most: continue with `next_since`."""
    state = state_of(request)
    body = parse_body(await read_body(request), ReplayDeliveries)
    try:
        since = parse_schedule_at(body.since, principal.time_zone)
    except InvalidSchedule as error:
        raise invalid([FieldError("/since", error.code, error.message)]) from None
    await _find_enabled(state, principal, callback)
    count, next_since = await callback_deliveries.replay_since(state.pool, callback, body.state, since)
    await wake_callbacks(state, [callback])
    data = {"count": count, "next_since": next_since}
    return json_response({"success": True, "message": f"{count} deliveries are made again", "data": data})


async def _find_enabled(state: AppState, principal: Principal, endpoint_id: UUID) -> None:
    if not (await find_endpoint(state, principal, endpoint_id)).enabled:
        raise ApiError(409, "callback_disabled", "this endpoint is disabled: enable it first")


def shown(delivery: Listed) -> dict[str, Any]:
    """A delivery, as its account reads it."""
    fields = asdict(delivery) | {"data": orjson.Fragment(delivery.data)}
    del fields["number"]
    return fields

"""``/api/callbacks``: an account's endpoints for events of its messages."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, Request, Response

from api.callbacks.models import (
    CallbackAnswer,
    CallbackPage,
    ChangeCallback,
    NewCallbackAnswer,
    RegisterCallback,
    Removed,
    RotateSecret,
    SecretAnswer,
)
from api.callbacks.waking import wake_callbacks
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim, once
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from domain.callbacks import EventType
from domain.errors import FieldError, invalid
from store.accounts.api_keys import Principal
from store.callbacks import callback_endpoints
from store.callbacks.callback_endpoints import Endpoint, NewEndpoint

router = APIRouter(prefix="/api/callbacks", tags=["callbacks"])

Reader = Annotated[Principal, Depends(requires("read"))]
Manager = Annotated[Principal, Depends(requires("send", also=("read",)))]
"""Who may change endpoints. They receive events of all messages, so a key that may only send must not create any."""


@router.get("", summary="Your callback endpoints", response_model=None, responses=answers(CallbackPage))
async def list_callbacks(request: Request, principal: Reader) -> Response:
    """Oldest first. There are ten at most, so there is one page of them."""
    found = await callback_endpoints.list_endpoints(state_of(request).pool, principal.account_id)
    return json_response({"data": [shown(endpoint) for endpoint in found], "next_cursor": None})


@router.post(
    "",
    summary="Have events of your messages posted to an address",
    response_model=None,
    responses=answers(NewCallbackAnswer, 409),
    openapi_extra=documented_body(RegisterCallback, idempotent=True),
)
async def register_callback(request: Request, principal: Manager) -> Response:
    """Requests are signed by Standard Webhooks with the `secret` of the answer, which is not shown again."""
    state = state_of(request)
    raw = await read_body(request)
    body = parse_body(raw, RegisterCallback)
    _check_address(principal, body.url)
    _check_events(principal, body.events)
    if body.allow_private_network and principal.kind != "admin":
        raise ApiError(403, "private_network", "only an admin may let an endpoint be in a private network")

    async def register(claimed: KeyClaim) -> bytes:
        events = None if body.events is None else list(dict.fromkeys(body.events))
        secret = await callback_endpoints.add(
            state.pool,
            state.keyring,
            NewEndpoint(
                claimed.id, principal.account_id, body.url, events, body.description, body.allow_private_network
            ),
        )
        data = shown(await find_endpoint(state, principal, claimed.id)) | {"secret": secret}
        message = "registered: keep the secret, it is not shown again"
        return orjson.dumps({"success": True, "message": message, "data": data}, option=orjson.OPT_UTC_Z)

    return await once(request, principal.account_id, raw, uuid4(), register, state.keyring)


@router.get("/{callback}", summary="Read a callback endpoint", response_model=None, responses=answers(CallbackAnswer))
async def get_callback(request: Request, callback: UUID, principal: Reader) -> Response:
    """`disabled_reason` states why it gets no events; `failing_since`, since when it accepts none."""
    return await _answer(state_of(request), principal, callback)


@router.patch(
    "/{callback}",
    summary="Change a callback endpoint",
    response_model=None,
    responses=answers(CallbackAnswer),
    openapi_extra=documented_body(ChangeCallback),
)
async def change_callback(request: Request, callback: UUID, principal: Manager) -> Response:
    """Enabling it again continues with pending deliveries. A changed address must not be in a private network."""
    state = state_of(request)
    changes = parse_body(await read_body(request), ChangeCallback).model_dump(exclude_unset=True)
    _check_events(principal, changes.get("events"))
    if "url" in changes:
        _check_address(principal, changes["url"])
        if principal.kind != "admin":  # an admin allowed it for the former address
            changes["allow_private_network"] = False
    if not await callback_endpoints.change(state.pool, callback, principal.account_id, changes):
        raise _unknown()
    if changes.get("enabled"):
        await wake_callbacks(state, [callback])
    return await _answer(state, principal, callback)


@router.delete("/{callback}", summary="Remove a callback endpoint", response_model=None, responses=answers(Removed))
async def remove_callback(request: Request, callback: UUID, principal: Manager) -> Response:
    """Pending deliveries are deleted with it."""
    if not await callback_endpoints.remove(state_of(request).pool, callback, principal.account_id):
        raise _unknown()
    return json_response({"success": True, "message": "removed"})


@router.post(
    "/{callback}/rotate",
    summary="Give a callback endpoint a new secret",
    response_model=None,
    responses=answers(SecretAnswer, 409),
    openapi_extra=documented_body(RotateSecret, idempotent=True),
)
async def rotate_callback_secret(request: Request, callback: UUID, principal: Manager) -> Response:
    """Until the overlap is over, requests are signed with both, so that either may verify them."""
    state = state_of(request)
    raw = await read_body(request)
    overlap = timedelta(hours=parse_body(raw, RotateSecret).overlap_hours)

    async def rotate(claimed: KeyClaim) -> bytes:
        until = datetime.now(UTC) + overlap
        secret = await callback_endpoints.rotate(state.pool, state.keyring, callback, principal.account_id, until)
        if secret is None:
            raise _unknown()
        data = {"secret": secret, "former_until": until}
        message = "rotated: keep the secret, it is not shown again"
        return orjson.dumps({"success": True, "message": message, "data": data}, option=orjson.OPT_UTC_Z)

    return await once(request, principal.account_id, raw, uuid4(), rotate, state.keyring)


async def find_endpoint(state: AppState, principal: Principal, endpoint_id: UUID) -> Endpoint:
    """The caller's own endpoint.

    Raises:
        ApiError: 404 it has none of this id.
    """
    endpoint = await callback_endpoints.find(state.pool, endpoint_id, principal.account_id)
    if endpoint is None:
        raise _unknown()
    return endpoint


def _unknown() -> ApiError:
    return ApiError(404, "callback_not_found", "there is no callback endpoint with this id")


def _check_address(principal: Principal, url: str) -> None:
    if principal.kind != "admin" and not url.lower().startswith("https:"):
        raise invalid([FieldError("/url", "https_required", "must begin with https://")])


def _check_events(principal: Principal, events: Sequence[EventType] | None) -> None:
    if principal.kind != "admin" and EventType.AUDIT_EVENT in (events or ()):
        raise invalid([FieldError("/events", "event_of_admin", "only an admin key's endpoints get the audit log")])


async def _answer(state: AppState, principal: Principal, endpoint_id: UUID) -> Response:
    endpoint = await find_endpoint(state, principal, endpoint_id)
    message = f"the endpoint is {'enabled' if endpoint.enabled else 'disabled'}"
    return json_response({"success": True, "message": message, "data": shown(endpoint)})


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint, as its account reads it."""
    fields = asdict(endpoint)
    del fields["account_id"]
    return fields

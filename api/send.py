"""``POST /api/{channel}/send`` and its query-string variant."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.accept import accept_page
from api.answer_models import SendAnswer
from api.auth import requires
from api.body import read_body, validate
from api.contacts import ReadContacts, Terms, read_contacts
from api.errors import ApiError, FieldError
from api.idempotency import once
from api.openapi import IDEMPOTENCY_HEADER, answers, documented_body
from api.send_models import MAX_CONTACTS, SEND_MODELS
from api.state import AppState, state_of
from domain.channels import Channel
from domain.strict_json import loads
from store.api_keys import Principal
from store.gateways import unknown_identifiers

router = APIRouter(tags=["send"])

_Endpoint = Callable[..., Awaitable[Response]]


def _send_endpoint(channel: Channel) -> _Endpoint:
    async def send(request: Request, principal: Annotated[Principal, Depends(requires("send", channel))]) -> Response:
        return await _send(request, principal, channel, await read_body(request))

    return send


def _query_endpoint(channel: Channel) -> _Endpoint:
    async def send_by_query(
        request: Request,
        principal: Annotated[Principal, Depends(requires("send", channel))],
        contacts: Annotated[str, Query(description="Numbers, separated by commas.", max_length=20_000)],
        message: Annotated[str, Query(max_length=5_000)],
        sms_type: Annotated[str | None, Query(max_length=20)] = None,
        gateway_identifier: Annotated[str | None, Query(max_length=200)] = None,
        schedule_at: Annotated[str | None, Query(max_length=64)] = None,
    ) -> Response:
        numbers = [number.strip() for number in contacts.split(",")]
        shared = {
            "message": message,
            "sms_type": sms_type,
            "gateway_identifier": gateway_identifier,
            "schedule_at": schedule_at,
        }
        # Written as the body of a POST, so that both forms pass through the same doors.
        raw = orjson.dumps({"contact": [{"number": number, **shared} for number in numbers if number]})
        return await _send(request, principal, channel, raw)

    return send_by_query


async def _send(request: Request, principal: Principal, channel: Channel, raw: bytes) -> Response:
    state = state_of(request)
    read = _read(state, principal, channel, raw)

    async def start(page_id: UUID, is_new: bool) -> bytes:
        if is_new:  # a page that may have been started is finished, whatever has changed since
            await _check(state, principal, channel, read)
        return await accept_page(state.temporal, page_id, principal.account_id, channel, read)

    return await once(request, principal.account_id, raw, start)


def _read(state: AppState, principal: Principal, channel: Channel, raw: bytes) -> ReadContacts:
    value = loads(raw)
    listed = value.get("contact") if isinstance(value, dict) else None
    if isinstance(listed, list) and len(listed) > MAX_CONTACTS:
        message = f"{len(listed)} contacts in one request; {MAX_CONTACTS} is the most: split it"
        raise ApiError(413, "too_many_contacts", message)
    contacts = validate(value, SEND_MODELS[channel]).contact
    return read_contacts(
        contacts, Terms(principal.time_zone, state.settings.default_region, free=principal.kind == "admin")
    )


async def _check(state: AppState, principal: Principal, channel: Channel, read: ReadContacts) -> None:
    """What the account's gateways and wallet say to the request."""
    if read.requested:
        unknown = await unknown_identifiers(state.pool, principal.account_id, channel, list(read.requested))
        if unknown:
            raise _unknown_gateways(channel, {name: read.requested[name] for name in unknown})
    if principal.kind != "admin" and not principal.available:
        raise ApiError(402, "no_credit", f"no {channel} credit is left: top up, or assign a plan that has some")


def _unknown_gateways(channel: Channel, unknown: dict[str, list[int]]) -> ApiError:
    wrong = sorted((index, name) for name, indexes in unknown.items() for index in indexes)
    return ApiError(
        404,
        "gateway_not_found",
        f"no {channel} gateway {wrong[0][1]!r} for this account: check gateway_identifier, or leave it out",
        [
            FieldError(f"/contact/{index}/gateway_identifier", "gateway_not_found", f"there is no gateway {name!r}")
            for index, name in wrong
        ],
    )


def _documented(**more: Any) -> dict[str, Any]:
    return {"response_model": None, "responses": answers(SendAnswer, 402, 409, 413), **more}


for _channel, _model in SEND_MODELS.items():
    router.add_api_route(
        f"/api/{_channel}/send",
        _send_endpoint(_channel),
        methods=["POST"],
        name=f"send_{_channel}",
        summary=f"Send up to {MAX_CONTACTS} {_channel} messages",
        **_documented(openapi_extra=documented_body(_model, idempotent=True)),
    )
    if _channel is not Channel.EMAIL:
        router.add_api_route(
            f"/api/{_channel}/send",
            _query_endpoint(_channel),
            methods=["GET"],
            name=f"send_{_channel}_by_query",
            summary=f"Send {_channel} messages from a query string",
            description="For clients that cannot post. Numbers and texts end up in logs on the way: prefer POST.",
            **_documented(openapi_extra={"parameters": [IDEMPOTENCY_HEADER]}),
        )

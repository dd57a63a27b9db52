"""``POST /api/{channel}/send`` and its query-string variant."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.accept import accept_page
from api.auth import requires
from api.body import parse_body, read_body, validate
from api.contacts import Terms, read_contacts
from api.errors import ApiError, FieldError
from api.idempotency import once
from api.openapi import documented_body
from api.send_models import MAX_CONTACTS, AnyContact, EmailSend, SmsSend, WhatsappSend
from api.state import State, state_of
from domain.channels import Channel
from store.api_keys import Principal
from store.gateways import unknown_identifiers

router = APIRouter(tags=["send"])

_MODELS: dict[Channel, type[EmailSend] | type[SmsSend] | type[WhatsappSend]] = {
    Channel.EMAIL: EmailSend,
    Channel.SMS: SmsSend,
    Channel.WHATSAPP: WhatsappSend,
}
_Endpoint = Callable[..., Awaitable[Response]]


def _send_endpoint(channel: Channel) -> _Endpoint:
    model = _MODELS[channel]

    async def send(request: Request, principal: Annotated[Principal, Depends(requires("send", channel))]) -> Response:
        raw = await read_body(request)
        return await _accept(request, principal, channel, parse_body(raw, model).contact, raw)

    return send


def _query_endpoint(channel: Channel) -> _Endpoint:
    model = _MODELS[channel]

    async def send_by_query(
        request: Request,
        principal: Annotated[Principal, Depends(requires("send", channel))],
        contacts: Annotated[str, Query(description="Numbers, separated by commas.", max_length=20_000)],
        message: Annotated[str, Query(max_length=5_000)],
        sms_type: Annotated[str | None, Query(max_length=20)] = None,
        gateway_identifier: Annotated[str | None, Query(max_length=200)] = None,
        schedule_at: Annotated[str | None, Query(max_length=64)] = None,
    ) -> Response:
        shared: dict[str, Any] = {"message": message, "sms_type": sms_type, "gateway_identifier": gateway_identifier}
        listed = [{"number": n.strip(), "schedule_at": schedule_at, **shared} for n in contacts.split(",") if n.strip()]
        return await _accept(request, principal, channel, validate({"contact": listed}, model).contact, b"")

    return send_by_query


async def _accept(
    request: Request, principal: Principal, channel: Channel, contacts: Sequence[AnyContact], raw: bytes
) -> Response:
    if len(contacts) > MAX_CONTACTS:
        raise ApiError(
            413, "too_many_contacts", f"{len(contacts)} contacts in one request; {MAX_CONTACTS} is the most: split it"
        )
    state = state_of(request)
    free = principal.kind == "admin"
    read = read_contacts(contacts, Terms(principal.time_zone, state.settings.default_region, free))
    await _check_gateways(state, principal, channel, read.requested)

    async def start(page_id: UUID) -> bytes:
        if not free and not principal.available:
            raise ApiError(402, "no_credit", f"no {channel} credit is left: top up, or assign a plan that has some")
        return await accept_page(state.temporal, page_id, principal.account_id, channel, read)

    return await once(request, principal.account_id, raw, start)


async def _check_gateways(
    state: State, principal: Principal, channel: Channel, requested: dict[str, list[int]]
) -> None:
    if not requested:
        return
    unknown = await unknown_identifiers(state.pool, principal.account_id, channel, list(requested))
    if unknown:
        wrong = sorted((index, name) for name in unknown for index in requested[name])
        raise ApiError(
            404,
            "gateway_not_found",
            f"no {channel} gateway {wrong[0][1]!r} for this account: check gateway_identifier, or leave it out",
            [
                FieldError(f"/contact/{index}/gateway_identifier", "gateway_not_found", f"there is no gateway {name!r}")
                for index, name in wrong
            ],
        )


for _channel, _model in _MODELS.items():
    router.add_api_route(
        f"/api/{_channel}/send",
        _send_endpoint(_channel),
        methods=["POST"],
        name=f"send_{_channel}",
        summary=f"Send up to {MAX_CONTACTS} {_channel} messages",
        openapi_extra=documented_body(_model, idempotent=True),
    )
    if _channel is not Channel.EMAIL:
        router.add_api_route(
            f"/api/{_channel}/send",
            _query_endpoint(_channel),
            methods=["GET"],
            name=f"send_{_channel}_by_query",
            summary=f"Send {_channel} messages from a query string",
            description="For clients that cannot post. Numbers and texts end up in logs on the way: prefer POST.",
        )

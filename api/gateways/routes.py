"""``/api/gateways``: health of gateways, and pausing, draining and testing them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.gateways.head import head, sees
from api.gateways.health import answer_health, state_message
from api.gateways.models import GatewayChangeAnswer, GatewayHealthAnswer, GatewayPage, TrialAnswer
from api.gateways.trials import GatewayTest, answer_trial, count_trial
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from domain.messages.routing import Mode
from services.changes import change
from services.gateways import MODE_ACTIONS, find_gateway, set_mode
from store.accounts.api_keys import Principal
from store.gateways import gateway_queries
from store.gateways.gateways import GatewayInfo

router = APIRouter(prefix="/api/gateways", tags=["gateways"])

_Reader = Annotated[Principal, Depends(requires("read"))]
_Sender = Annotated[Principal, Depends(requires("send"))]


@router.get("", summary="Your gateways, oldest first", response_model=None, responses=answers(GatewayPage))
async def list_gateways(
    request: Request,
    principal: _Reader,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Your own, those shared with you, and those of your plan. An admin sees all of the install."""
    found = await gateway_queries.visible(state_of(request).pool, sees(principal), cursor, limit)
    next_cursor = found[-1].id if len(found) == limit else None
    return json_response({"data": [head(gateway, principal) for gateway in found], "next_cursor": next_cursor})


@router.get(
    "/{gateway_id}/health",
    summary="Read a gateway's health",
    response_model=None,
    responses=answers(GatewayHealthAnswer),
)
async def get_gateway_health(request: Request, gateway_id: UUID, principal: _Reader) -> Response:
    """Counts include messages of all accounts, by the minute of the gateway's answer."""
    state = state_of(request)
    return await answer_health(state, await _find(state, principal, gateway_id))


_changes: dict[str, Any] = {"response_model": None, "responses": answers(GatewayChangeAnswer)}


@router.post("/{gateway_id}/pause", summary="Pause a gateway", **_changes)
async def pause_gateway(request: Request, gateway_id: UUID, principal: _Sender) -> Response:
    """Nothing more is sent through it. Messages use another gateway, or wait for this one without a time limit."""
    return await _change(request, principal, gateway_id, Mode.PAUSED)


@router.post("/{gateway_id}/drain", summary="Drain a gateway", **_changes)
async def drain_gateway(request: Request, gateway_id: UUID, principal: _Sender) -> Response:
    """It takes no new messages; those in progress are completed."""
    return await _change(request, principal, gateway_id, Mode.DRAINING)


@router.post("/{gateway_id}/resume", summary="Use a paused or drained gateway again", **_changes)
async def resume_gateway(request: Request, gateway_id: UUID, principal: _Sender) -> Response:
    """Waiting messages continue within seconds."""
    return await _change(request, principal, gateway_id, Mode.ACTIVE)


@router.post(
    "/{gateway_id}/test",
    summary="Send a test message through a gateway",
    response_model=None,
    responses=answers(TrialAnswer, 409),
    openapi_extra=documented_body(GatewayTest),
)
async def test_gateway(request: Request, gateway_id: UUID, principal: _Sender) -> Response:
    """A real message, whether the gateway is in use or not. It costs no credit and is not recorded."""
    state = state_of(request)
    body = parse_body(await read_body(request), GatewayTest)
    _check_owner(await _find(state, principal, gateway_id), principal)
    await count_trial(state, gateway_id)
    async with change(state.pool, user_actor(request, principal), "gateway.tested") as made:
        await find_gateway(made, gateway_id)
    return await answer_trial(state, gateway_id, body)


async def _change(request: Request, principal: Principal, gateway_id: UUID, mode: Mode) -> Response:
    state = state_of(request)
    _check_owner(await _find(state, principal, gateway_id), principal)
    async with change(state.pool, user_actor(request, principal), MODE_ACTIONS[mode]) as made:
        await set_mode(made, gateway_id, mode)
    gateway = await _find(state, principal, gateway_id)
    return json_response({"success": True, "message": state_message(gateway), "data": head(gateway, principal)})


async def _find(state: AppState, principal: Principal, gateway_id: UUID) -> GatewayInfo:
    gateway = await gateway_queries.find(state.pool, gateway_id, sees(principal))
    if gateway is None:
        raise ApiError(404, "gateway_not_found", "there is no gateway with this id")
    return gateway


def _check_owner(gateway: GatewayInfo, principal: Principal) -> None:
    if sees(principal) not in (None, gateway.account_id):
        raise ApiError(
            403, "gateway_not_yours", "you may use this gateway, but only its owner or an admin may change it"
        )

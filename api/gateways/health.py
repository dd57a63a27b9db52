"""A gateway's health, as its users and staff are answered."""

from dataclasses import asdict

from fastapi import Response

from api.http.json_response import json_response
from api.http.state import AppState
from store.gateways.gateway_health import health
from store.gateways.gateways import GatewayInfo


async def answer_health(state: AppState, gateway: GatewayInfo) -> Response:
    """Its breaker, and its attempts of the last 15 minutes and of the last day."""
    data = {"id": gateway.id, "channel": gateway.channel, "identifier": gateway.identifier}
    data |= asdict(await health(state.pool, gateway.id))
    return json_response({"success": True, "message": state_message(gateway), "data": data})


def state_message(gateway: GatewayInfo) -> str:
    """Whether it is in use, in words."""
    return f"the gateway is {gateway.mode if gateway.enabled else 'disabled'}"

"""A test message through a gateway, as its owner and staff ask for it."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState
from domain.errors import FieldError, invalid
from domain.keyring import KeyringError
from domain.recipients import InvalidRecipient
from gateways.config.problems import InvalidGatewayConfig
from gateways.net.names import Names
from services.gateway_trial import Trial, take_turn, try_gateway
from services.settings.current import CurrentSettings


class GatewayTest(BaseModel):
    """The recipient of a test message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[StrictStr, Field(min_length=1, max_length=320, description="A number, or an email address.")]


async def count_trial(state: AppState, gateway_id: UUID) -> None:
    """Count a test of a gateway.

    Raises:
        ApiError: 429 it was tested too often just now.
    """
    wait = await take_turn(state.pool, gateway_id)
    if wait > 0:
        message = f"a gateway is tested a few times a minute: wait {wait:.0f} s"
        raise ApiError(429, "rate_limited", message, retry_after=wait)


async def answer_trial(state: AppState, gateway_id: UUID, body: GatewayTest) -> Response:
    """Really send a test message, and answer with its outcome.

    Raises:
        ApiError: 409 its configuration cannot be used.
        InvalidError: its channel has no such recipient.
    """
    trial = await _try(state, gateway_id, body.to)
    return json_response({"success": True, "message": f"the gateway's answer: {trial.outcome}", "data": asdict(trial)})


async def _try(state: AppState, gateway_id: UUID, to: str) -> Trial:
    region, names = (await state.part(CurrentSettings).recent()).default_region, state.part(Names)
    try:
        return await try_gateway(state.pool, state.keyring, gateway_id, to, region, names)
    except InvalidRecipient as error:
        raise invalid([FieldError("/to", error.code, error.message)]) from None
    except (KeyringError, InvalidGatewayConfig) as error:
        raise ApiError(409, "gateway_unusable", f"the gateway cannot be used: {error}") from None

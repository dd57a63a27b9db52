"""What routes of gateways answer, as ``/openapi.json`` describes it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel
from domain.messages.routing import Mode

BreakerState = Literal["closed", "open", "half_open"]
"""``open``: the gateway failed too often and is out of use for a while; ``half_open``: the next page tries it."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GatewayHead(_Answer):
    """A gateway, without its configuration."""

    id: UUID
    channel: Channel
    identifier: str
    type: str
    own: bool = Field(description="Whether it is yours; if not, it was shared with you or comes with your plan.")
    user_id: int | None = Field(description="Whose it is, for its owner and for admins; else, or the admin's: `null`.")
    enabled: bool
    mode: Mode
    breaker: BreakerState
    priority: int = Field(description="Lower goes first.")
    per_second: float | None = Field(description="The most messages a second; `null`: no limit.")
    on_unknown: Literal["hold", "resend"]
    created_at: datetime


class GatewayPage(_Answer):
    """A page of gateways."""

    data: list[GatewayHead]
    next_cursor: UUID | None


class GatewayChangeAnswer(_Answer):
    """The change was made."""

    success: Literal[True]
    message: str
    data: GatewayHead


class BreakerAnswer(_Answer):
    """What keeps a gateway that fails out of use."""

    state: BreakerState
    failures: int = Field(description="Failures in a row, as far as they were counted.")
    open_until: datetime | None
    last_error: str | None


class OutcomesAnswer(_Answer):
    """Tries at messages, by their outcomes."""

    accepted: int
    refused: int
    retry_later: int
    gateway_down: int
    unknown: int
    error_rate: float | None = Field(description="The share of `gateway_down` and `unknown`; `null`: no tries.")


class GatewayHealthData(_Answer):
    """How a gateway is doing."""

    id: UUID
    channel: Channel
    identifier: str
    mode: Mode
    enabled: bool
    breaker: BreakerAnswer
    last_15_minutes: OutcomesAnswer
    last_day: OutcomesAnswer
    last_accepted_at: datetime | None = Field(description="`null`: not in the last seven days.")
    last_receipt_at: datetime | None


class GatewayHealthAnswer(_Answer):
    """How a gateway is doing."""

    success: Literal[True]
    message: str
    data: GatewayHealthData


class TrialData(_Answer):
    """What a gateway made of a test message."""

    uid: UUID
    to: str
    outcome: Literal["accepted", "refused", "retry_later", "gateway_down", "unknown"]
    provider_id: str | None
    code: str | None
    reason: str | None


class TrialAnswer(_Answer):
    """The test message was handed to the gateway; `outcome` says what that answered."""

    success: Literal[True]
    message: str
    data: TrialData

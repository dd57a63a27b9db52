"""Responses of the gateway routes, for ``/openapi.json``."""

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
    user_id: int | None = Field(
        description="Its owner, shown to the owner and to admins; otherwise, or if it is the admin's: `null`."
    )
    enabled: bool
    mode: Mode
    breaker: BreakerState
    priority: int = Field(description="Lower values are tried first.")
    per_second: float | None = Field(description="The most messages a second; `null`: no limit.")
    on_unknown: Literal["hold", "resend"]
    created_at: datetime


class GatewayPage(_Answer):
    """A page of gateways."""

    data: list[GatewayHead]
    next_cursor: UUID | None


class GatewayChangeAnswer(_Answer):
    """The changed gateway."""

    success: Literal[True]
    message: str
    data: GatewayHead


class BreakerAnswer(_Answer):
    """The circuit breaker of a gateway."""

    state: BreakerState
    failures: int = Field(description="Failures in a row, as far as they were counted.")
    open_until: datetime | None
    last_error: str | None


class OutcomesAnswer(_Answer):
    """Attempts by their outcomes."""

    accepted: int
    refused: int
    retry_later: int
    gateway_down: int
    unknown: int
    error_rate: float | None = Field(description="The share of `gateway_down` and `unknown`; `null`: no attempts.")


class NumberHead(_Answer):
    """How Meta judges the number of a gateway of type `whatsapp_cloud`."""

    number: str | None
    quality: str | None = Field(description="`GREEN`, `YELLOW` or `RED`.", examples=["GREEN"])
    messaging_limit: str | None = Field(
        description="To how many people it may write first in 24 hours.", examples=["TIER_2K"]
    )
    event: str | None = Field(description="The last that Meta reported.", examples=["FLAGGED"])


class NumberAnswer(NumberHead):
    """The same, with times."""

    reported_at: datetime | None
    read_at: datetime | None = Field(description="When it was read from Meta: every hour, and after each report.")


class GatewayHealthData(_Answer):
    """A gateway's health."""

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
    number: NumberAnswer | None = Field(description="Of WhatsApp; `null`: nothing is known.")


class GatewayHealthAnswer(_Answer):
    """A gateway's health."""

    success: Literal[True]
    message: str
    data: GatewayHealthData


class TrialData(_Answer):
    """The outcome of a test message."""

    uid: UUID
    to: str
    outcome: Literal["accepted", "refused", "retry_later", "gateway_down", "unknown"]
    provider_id: str | None
    code: str | None
    reason: str | None


class TrialAnswer(_Answer):
    """The test message was sent to the gateway; `outcome` is its answer."""

    success: Literal[True]
    message: str
    data: TrialData

"""Answers about reputations."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from domain.channels import Channel
from domain.reputation.rules import Level, Mode, Signal
from domain.reputation.warm_up import LadderName

_GUARD = "`off`: nothing is judged; `warn`: warnings only; `pause`: what is not transactional is paused, too."


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RateShown(_Answer):
    """The share of bad reports in one window."""

    signal: Signal = Field(
        description="`complaint`: reported as spam; `hard_bounce`: the address does not work; `undelivered`: SMS and "
        "WhatsApp messages that did not arrive."
    )
    hours: Literal[1, 24] = Field(description="How far back.")
    bad: int = Field(description="Bad reports that came in this time.")
    sent: int = Field(description="Messages that were sent in this time.")
    more_sent: bool = Field(description="Whether there were more: no more are counted, and the rate is lower.")
    rate: float = Field(description="`bad` of `sent`, from 0 to 1.")
    warn_from: float | None
    pause_from: float
    level: Level | None = Field(description="What the rate would lead to now; `null`: nothing, or too few messages.")
    advice: str | None


class FindingShown(_Answer):
    """A warning or a pause."""

    id: UUID
    at: datetime
    subject: Literal["account", "gateway", "batch"]
    gateway_id: UUID | None
    batch_id: UUID | None
    channel: Channel
    level: Level
    signal: Signal
    hours: int | None = Field(description="`null`: all of the batch.")
    bad: int
    sent: int
    sentence: str
    ended_at: datetime | None = Field(description="When somebody ended the pause.")


class WarmUpHead(_Answer):
    """A warm-up: caps that grow as long as messages are received well."""

    ladder: LadderName
    tier: int = Field(description="From 0.")
    top_tier: int
    pinned: bool = Field(description="Whether only staff changes the tier.")
    day_cap: int = Field(description="Messages a day (UTC).")
    hour_cap: int
    since: date = Field(description="When the tier began.")


class WarmUpShown(WarmUpHead):
    """A warm-up, and what was sent."""

    gateway_id: UUID | None
    domain_id: int | None
    used_days: int = Field(description="Days of this tier on which at least half of the cap was sent.")
    sent_today: int
    sent_this_hour: int


class WarmUpAnswer(_Answer):
    """One warm-up."""

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: WarmUpHead


class NoWarmUpAnswer(_Answer):
    """It has ended."""

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: None


class PutWarmUp(BaseModel):
    """How it is warmed up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ladder: LadderName = Field(description="`email`: 100 to 1,000,000 a day; `sim`: 20 to 200.")
    tier: Annotated[StrictInt, Field(ge=0)] | None = Field(
        default=None, description="`null`, or left out: as it is, or 0."
    )


class PinWarmUp(PutWarmUp):
    """The same, as staff sets it."""

    pinned: StrictBool = Field(default=False, description="The tier stays, and its user cannot change it.")


class ChannelReputation(_Answer):
    """The reputation on a channel."""

    channel: Channel
    paused: str | None = Field(description="Why messages that are not transactional wait; `null`: they do not.")
    rates: list[RateShown]


class Reputation(_Answer):
    """The reputation of an account."""

    guard: Mode = Field(description=_GUARD)
    channels: list[ChannelReputation] = Field(description="Those with a bad report in the last days.")
    findings: list[FindingShown] = Field(description="The latest, newest first.")
    warm_ups: list[WarmUpShown] = Field(description="Of own gateways and sender domains.")


class ReputationAnswer(_Answer):
    """The reputation of an account."""

    success: Literal[True]
    message: str
    data: Reputation


class GatewayReputation(_Answer):
    """The reputation of a gateway."""

    gateway_id: UUID
    channel: Channel
    paused: str | None = Field(description="Why it sends transactional messages only; `null`: it sends all.")
    rates: list[RateShown]
    findings: list[FindingShown]
    warm_up: WarmUpShown | None


class GatewayReputationAnswer(_Answer):
    """The reputation of a gateway."""

    success: Literal[True]
    message: str
    data: GatewayReputation


class SetGuard(BaseModel):
    """What the guard may do to a user's messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guard: Annotated[Mode | None, Field(description=f"{_GUARD} `null`: as the whole install.")]


class GuardSet(_Answer):
    """What the guard may do to a user's messages."""

    user_id: int
    guard: Mode | None


class GuardAnswer(_Answer):
    """What the guard may do to a user's messages."""

    success: Literal[True]
    message: str
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
    data: GuardSet

"""Answers about the plans of users."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangedBy(_Answer):
    """Who scheduled a change."""

    type: Literal["staff", "key", "user", "cli", "system"]
    id: str
    name: str
    role: str | None


class PlanChange(_Answer):
    """A plan that a user gets later."""

    plan: str
    at: datetime | None = Field(description="`null`: when the period ends.")
    renews: bool
    scheduled_by: ChangedBy
    scheduled_at: datetime


class PlanCredits(_Answer):
    """A plan's credits on a channel."""

    credits: int = Field(description="Granted for each period.")
    left: int = Field(description="Of those that plans granted, how many are available.")
    carry_over: int | None = Field(description="How many of them stay at a renewal; `null`: all.")


class Subscription(_Answer):
    """The plan of a user."""

    user_id: int
    state: Literal["none", "active", "ended"]
    plan: str | None
    plan_id: int | None
    period: Literal["day", "week", "month", "year", "forever"] | None
    expires_at: datetime | None = Field(description="When its period ends; `null`: never.")
    renews: bool
    credits: dict[Channel, PlanCredits]
    change: PlanChange | None = Field(description="The plan that it gets later.")


class SubscriptionAnswer(_Answer):
    """The plan of a user."""

    success: Literal[True]
    message: str
    data: Subscription
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")

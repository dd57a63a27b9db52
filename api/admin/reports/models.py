"""Answers of reports for staff."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.reports.models import LoggedRequest, Usage
from domain.channels import Channel


class AnyUsage(Usage):
    """Messages of a group by their outcome, and what they cost. `accepted` is the sum of the other counts."""

    user_id: int | None = Field(default=None, description="If grouped by user; `null`: of the admin.")


class AnyUsagePage(BaseModel):
    """A page of usage."""

    model_config = ConfigDict(extra="forbid")

    data: list[AnyUsage]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class AnyRequest(LoggedRequest):
    """A request that was answered."""

    user_id: int | None = Field(description="Whose key it carried; `null`: the admin's, one of staff, or none.")


class AnyRequestPage(BaseModel):
    """A page of the log of requests."""

    model_config = ConfigDict(extra="forbid")

    data: list[AnyRequest]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Outcomes(_Part):
    """Messages of a channel by their outcome, and what they cost."""

    accepted: int
    waiting: int
    sent: int
    delivered: int
    failed: int
    unknown: int
    credits: int


class Period(_Part):
    """Messages that were accepted in some days (UTC)."""

    channels: dict[Channel, Outcomes] = Field(description="Those with any.")
    credits: int = Field(description="Spent on all of them.")


class TroubledGateway(_Part):
    """A gateway that is enabled, and does not send as it should."""

    id: UUID
    owner: int | None = Field(description="The user's id; `null`: the admin.")
    channel: Channel
    identifier: str
    mode: Literal["active", "paused", "draining"]
    breaker: Literal["closed", "open", "half_open"]
    last_error: str | None


class Worker(_Part):
    """A worker process that is alive."""

    id: str
    queues: list[str]
    seen_at: datetime


class Overview(_Part):
    """The install at one moment."""

    accounts: dict[Literal["active", "suspended", "deleted"], int]
    today: Period
    last_7_days: Period = Field(description="With today.")
    gateways: list[TroubledGateway] = Field(description="At most 100.")
    running_batches: int
    workers: list[Worker]
    queue_slowdown: float | None = Field(
        description="How many times longer than usual urgent messages wait for their dispatch; `null`: few were sent."
    )


class OverviewAnswer(_Part):
    """How the install is doing."""

    success: Literal[True]
    message: str
    data: Overview

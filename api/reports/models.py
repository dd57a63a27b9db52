"""Answers of reports."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel


class Usage(BaseModel):
    """Messages of a group by their outcome, and what they cost. `accepted` is the sum of the other counts."""

    model_config = ConfigDict(extra="forbid")

    day: date = Field(default=date.min, description="On which they were accepted (UTC); if grouped by it.")
    channel: Channel = Field(default=Channel.SMS, description="If grouped by it.")
    gateway_id: UUID | None = Field(default=None, description="If grouped by gateway; `null`: none has had them.")
    gateway: str | None = Field(default=None, description="Its identifier.")
    accepted: int
    waiting: int = Field(description="Without an outcome yet.")
    sent: int = Field(description="A gateway accepted them, and no more is known.")
    delivered: int = Field(description="Delivered or read.")
    failed: int = Field(description="Rejected, bounced, undelivered, expired, failed or cancelled.")
    unknown: int = Field(description="The gateway's answer was lost.")
    credits: int = Field(description="Spent on them.")


class UsagePage(BaseModel):
    """A page of usage."""

    model_config = ConfigDict(extra="forbid")

    data: list[Usage]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class LoggedError(BaseModel):
    """What was wrong with a request. Addresses and numbers that it names are hidden."""

    model_config = ConfigDict(extra="forbid")

    code: str
    pointer: str = Field(description="Where in the body or the query.")
    message: str = Field(description="At most 300 characters.")


class LoggedRequest(BaseModel):
    """A request that was answered."""

    model_config = ConfigDict(extra="forbid")

    id: int
    occurred_at: datetime
    request_id: str = Field(description="As in the header `X-Request-Id` of its answer.")
    key_id: str | None
    method: str
    path: str = Field(description="Without its query; parts that may be secret are hidden.")
    status: int
    milliseconds: float
    ip: str
    code: str | None = Field(description="Of its error.")
    ids: list[str] = Field(description="That its answer gave, at most 20.")
    body: str | None = Field(
        description="Of a failed one: at most 4,096 characters, with masked recipients, without texts and secrets."
    )
    errors: list[LoggedError] | None = Field(
        description="Of a failed one: at most 10, of the first 4,096 bytes of its answer. `null`: it has none."
    )


class RequestPage(BaseModel):
    """A page of the log of requests."""

    model_config = ConfigDict(extra="forbid")

    data: list[LoggedRequest]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")

"""Requests and responses of the callback routes."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from domain.callbacks import EventType
from gateways.callback import CallbackUrl

_Events = Annotated[
    list[EventType] | None, Field(min_length=1, max_length=len(EventType), description="Left out, or `null`: all.")
]
_Description = Annotated[StrictStr, Field(max_length=200)]

MAX_OVERLAP_HOURS = 168
"""A week."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterCallback(_Body):
    """An address to post to."""

    url: CallbackUrl = Field(description="`https`, or with an admin key also `http`.")
    events: _Events = None
    description: _Description = ""
    allow_private_network: StrictBool = Field(
        False, description="Allow an address in a private network: with an admin key only."
    )


class ChangeCallback(_Body):
    """The changes; fields that are left out stay."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    # Their defaults are never used: fields that are left out stay.
    url: CallbackUrl = Field(default_factory=str)
    events: _Events = Field(default_factory=lambda: None)
    description: _Description = Field(default_factory=str)
    enabled: StrictBool = Field(default_factory=bool)

    @model_validator(mode="after")
    def _has_changes(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("contains no change")
        return self


class RotateSecret(_Body):
    """How long the former secret also signs."""

    overlap_hours: Annotated[StrictInt, Field(ge=0, le=MAX_OVERLAP_HOURS)] = 24


class ReplayDeliveries(_Body):
    """Which deliveries to repeat."""

    since: StrictStr = Field(description="Of events since then; ISO 8601, without offset in the account's time zone.")
    state: Literal["failed", "delivered"] = "failed"


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CallbackEndpoint(_Answer):
    """An address that receives events of messages."""

    id: UUID
    url: str
    description: str
    events: list[EventType] | None = Field(description="`null`: all.")
    enabled: bool
    disabled_reason: str | None = Field(description="Why we disabled it; `null`: we did not.")
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="`null`: it accepted the last event.")
    allow_private_network: bool
    created_at: datetime


class NewCallbackEndpoint(CallbackEndpoint):
    """The same with its secret, which is not shown again."""

    secret: str


class CallbackPage(_Answer):
    """An account's endpoints."""

    data: list[CallbackEndpoint]
    next_cursor: None


class CallbackAnswer(_Answer):
    """An endpoint."""

    success: Literal[True]
    message: str
    data: CallbackEndpoint


class NewCallbackAnswer(_Answer):
    """A new endpoint."""

    success: Literal[True]
    message: str
    data: NewCallbackEndpoint


class Secret(_Answer):
    """A new secret, which is not shown again."""

    secret: str
    former_until: datetime = Field(description="Until then requests are signed with the former one, too.")


class SecretAnswer(_Answer):
    """A new secret."""

    success: Literal[True]
    message: str
    data: Secret


class Removed(_Answer):
    """The endpoint was removed."""

    success: Literal[True]
    message: str


class DeliveryHead(_Answer):
    """A delivery, without what is posted."""

    id: UUID
    type: str
    uid: UUID | None = Field(description="The message.")
    state: Literal["pending", "delivered", "failed"]
    tries: int
    next_at: datetime | None = Field(description="When it is tried next.")
    last_status: int | None = Field(description="The endpoint's HTTP status at the last attempt.")
    last_error: str | None
    occurred_at: datetime
    created_at: datetime
    delivered_at: datetime | None


class CallbackDelivery(DeliveryHead):
    """A delivery of an event to an endpoint. Its id is sent in the header `webhook-id`."""

    data: dict[str, Any]


class DeliveryPage(_Answer):
    """A page of an endpoint's deliveries."""

    data: list[CallbackDelivery]
    next_cursor: int | None


class Queued(_Answer):
    """A queued delivery."""

    id: UUID


class QueuedAnswer(_Answer):
    """The delivery is queued."""

    success: Literal[True]
    message: str
    data: Queued


class Replayed(_Answer):
    """Repeated deliveries."""

    count: int
    next_since: datetime | None = Field(description="Where to continue, if there are more. `null`: these were all.")


class ReplayedAnswer(_Answer):
    """The deliveries are queued."""

    success: Literal[True]
    message: str
    data: Replayed

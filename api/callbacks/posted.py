"""What is posted to customers' endpoints, for the OpenAPI document: its section ``webhooks``."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api.reference.openapi import PUBLIC
from domain.callbacks import EventType
from domain.channels import Channel
from domain.messages.statuses import State

EXAMPLE: dict[str, Any] = {
    "type": "message.delivered",
    "timestamp": "2026-12-01T09:30:00.123456Z",
    "data": {
        "uid": "01a22ee6-b000-8000-8000-000000000000",
        "channel": "sms",
        "to": "+14155550123",
        "state": "delivered",
        "status": "delivered",
        "code": None,
        "reason": None,
        "user_id": 2,
        "by_admin": False,
        "gateway": "my-provider",
        "provider_id": "SM123",
        "at": "2026-12-01T09:30:00.123456Z",
    },
}


_OF_MESSAGES = [kind for kind in EventType if kind is not EventType.INBOUND_RECEIVED]
_MessageEventType = Annotated[EventType, WithJsonSchema({"type": "string", "enum": _OF_MESSAGES})]


class MessageNow(BaseModel):
    """The message as it was when there was something to tell of it."""

    uid: UUID
    channel: Channel
    to: str
    state: State
    status: str = Field(description="The same in XSender's words.")
    code: str | None
    reason: str | None
    user_id: int | None = Field(description="`null`: an admin key sent it.")
    by_admin: bool
    gateway: str | None
    provider_id: str | None
    at: datetime


class MessageEvent(BaseModel):
    """Something that happened to a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    type: _MessageEventType
    timestamp: datetime
    data: MessageNow


class InboundEvent(BaseModel):
    """Somebody wrote."""

    type: Literal["inbound.received"]
    timestamp: datetime
    data: dict[str, Any] = Field(description="As `GET /api/inbound` lists it.")


posted = APIRouter(tags=["callbacks"])
"""Nothing of it is served here: these are requests that customers' servers get."""


@posted.post("message", summary="A message came to a state, or somebody did something with it", openapi_extra=PUBLIC)
async def message_event(event: MessageEvent) -> None:
    """Posted to every endpoint that listens to its `type`, at least once, signed by Standard Webhooks in the headers
    `webhook-id`, `webhook-timestamp` and `webhook-signature`. Any 2xx within 15 seconds takes it."""


@posted.post("inbound", summary="Somebody wrote to you", openapi_extra=PUBLIC)
async def inbound_event(event: InboundEvent) -> None:
    """Posted as those of messages are."""

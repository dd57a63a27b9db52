"""Responses of ``/api/inbound``, for ``/openapi.json``."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InboundMessage(_Answer):
    """An inbound message."""

    id: UUID
    channel: Channel
    gateway: str | None = Field(description="The gateway it came through; `null`: it was deleted since.")
    sender: str = Field(description="A number with `+`; the provider's id of the sender, if the number is unknown.")
    recipient: str = Field(description="Your number, as the provider writes it.")
    name: str | None
    body: str
    media: list[str] = Field(description="Addresses of files, or the provider's ids of them.")
    answers: str | None = Field(description="The provider's id of the message that it answers.")
    keyword: Literal["stop", "start", "help"] | None
    type: str = Field(description="`text`, `image`, `location` …; the provider's name of a type that we do not know.")
    content: dict[str, Any] | None = Field(
        description="Its contents besides `body` and `media`, depending on its type."
    )
    sender_id: str | None = Field(description="The provider's id of the sender, if it has one.")
    at: datetime
    received_at: datetime


class InboundPage(_Answer):
    """A page of inbound messages."""

    data: list[InboundMessage]
    next_cursor: UUID | None


class KeywordWords(_Answer):
    """Keywords in force, and replies to them."""

    stop: list[str]
    start: list[str]
    help: list[str]
    replies: dict[str, str]


class KeywordsAnswer(_Answer):
    """An account's keywords."""

    success: Literal[True]
    message: str
    data: KeywordWords

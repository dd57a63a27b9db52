"""The answers of ``/api/inbound``, as ``/openapi.json`` describes them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InboundMessage(_Answer):
    """A message from a person."""

    id: UUID
    channel: Channel
    gateway: str | None = Field(description="The gateway it came through; `null`: it was deleted since.")
    sender: str = Field(description="A number with `+`; the provider's own id, where nobody knows the number.")
    recipient: str = Field(description="Your number, as the provider writes it.")
    name: str | None
    body: str
    media: list[str] = Field(description="Addresses of files, or the provider's ids of them.")
    answers: str | None = Field(description="The provider's id of the message that it answers.")
    keyword: Literal["stop", "start", "help"] | None
    type: str = Field(description="`text`, `image`, `location` …; the provider's own word for what we do not know.")
    content: dict[str, Any] | None = Field(description="What it holds besides `body` and `media`, by its type.")
    sender_id: str | None = Field(description="The provider's own id of the sender, where it has one.")
    at: datetime
    received_at: datetime


class InboundPage(_Answer):
    """Messages from people."""

    data: list[InboundMessage]
    next_cursor: UUID | None


class KeywordWords(_Answer):
    """Words in force, and what is answered to them."""

    stop: list[str]
    start: list[str]
    help: list[str]
    replies: dict[str, str]


class KeywordsAnswer(_Answer):
    """An account's keywords."""

    success: Literal[True]
    message: str
    data: KeywordWords

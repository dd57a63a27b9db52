"""Answers about templates of WhatsApp."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShownProviderTemplate(_Answer):
    """A template as Meta has it."""

    gateway: str = Field(description="The identifier of the gateway whose business account has it.")
    name: str
    language: str
    category: str = Field(description="`marketing`, `utility` or `authentication`: the price depends on it.")
    status: str = Field(description="Only `APPROVED` ones are sent.")
    quality: str | None
    rejected_reason: str | None
    components: list[Any] = Field(description="As Meta writes them.")
    synced_at: datetime = Field(description="When it was read from Meta.")


class ProviderTemplatePage(_Answer):
    """Templates by gateway, name and language."""

    data: list[ShownProviderTemplate]
    next_cursor: str | None


class SyncAnswer(_Answer):
    """They will be read."""

    success: Literal[True]
    message: str
    data: dict[Literal["gateways"], int]

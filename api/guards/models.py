"""Answers about guards."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.audience.guards.models import GuardsBody


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GuardsAnswer(_Answer):
    """The guards of an account."""

    success: Literal[True]
    message: str
    data: GuardsBody
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownRefusal(_Answer):
    """A message that the pumping guard refused, or would have."""

    uid: UUID
    code: Literal["number_type_not_allowed", "prefix_velocity"]
    recipient: str
    reason: str
    enforced: bool = Field(description="False: it was sent, as the guard only watches.")
    at: datetime


class RefusalPage(_Answer):
    """Such messages of the last 30 days, the newest first."""

    data: list[ShownRefusal]
    next_cursor: str | None

"""Answers about messages and batches of all users."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.batches.models import BatchHead, BatchProgress
from api.messages.models import MessageStatus
from domain.channels import Channel


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreditMove(_Answer):
    """An entry of the journal about a message."""

    kind: Literal["hold", "capture", "release", "refund"]
    amount: int
    occurred_at: datetime


class CallbackMade(_Answer):
    """A callback about a message."""

    id: UUID
    callback_id: UUID = Field(description="Its endpoint.")
    url: str
    type: str
    state: Literal["pending", "delivered", "failed"]
    tries: int
    last_status: int | None
    last_error: str | None
    occurred_at: datetime
    delivered_at: datetime | None


class WholeMessage(MessageStatus):
    """A message with all that is known of it."""

    channel: Channel
    batch: UUID | None
    fallback_of: UUID | None = Field(description="The message in whose place it was sent.")
    journal: list[CreditMove]
    callbacks: list[CallbackMade] = Field(description="Of its states, opens and clicks; they are kept for 30 days.")


class WholeAnswer(_Answer):
    """One message."""

    success: Literal[True]
    message: str
    data: WholeMessage


class AnyBatch(BatchHead):
    """A batch of any user."""

    user_id: int | None = Field(description="`null` where an admin key sent it.")
    by_admin: bool


class AnyBatchPage(_Answer):
    """A page of batches."""

    data: list[AnyBatch]
    next_cursor: str | None = Field(description="For the next page; `null`: this was the last one.")


class AnyBatchProgress(BatchProgress, AnyBatch):
    """A batch of any user, and its progress."""


class AnyBatchAnswer(_Answer):
    """A batch's progress, and why it waits."""

    success: Literal[True]
    message: str
    data: AnyBatchProgress


class AnyBatchChange(_Answer):
    """The changed batch."""

    success: Literal[True]
    message: str
    data: AnyBatch
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was changed.")

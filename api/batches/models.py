"""What routes of batches answer, as ``/openapi.json`` describes it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.messages.models import Credit, Waiting, Word
from domain.channels import Channel
from domain.lanes import Lane
from domain.messages.statuses import State

BatchState = Literal["stored", "scheduled", "running", "paused", "cancelling", "cancelled", "completed"]
"""Where a batch is; ``stored``: it was accepted and has not begun."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BatchHead(_Answer):
    """A batch, without what became of its messages."""

    uid: UUID
    channel: Channel
    priority: Lane
    state: BatchState
    total: int = Field(description="Its messages.")
    created_at: datetime
    finished_at: datetime | None


class BatchPage(_Answer):
    """A page of an account's batches."""

    data: list[BatchHead]
    next_cursor: UUID | None


class BatchChangeAnswer(_Answer):
    """The change was made."""

    success: Literal[True]
    message: str
    data: BatchHead


class BatchCredits(_Answer):
    """Credits of a batch's messages."""

    pending: int = Field(description="Not held yet: the batch has not come to these messages.")
    held: int
    captured: int
    released: int = Field(description="Given back, before a message left or because it did not arrive.")


class BatchProgress(BatchHead):
    """A batch, and how far it has come."""

    done: int = Field(description="Messages that have an outcome.")
    counts: dict[State, int] = Field(description="Messages by their states, of those states that there are.")
    rate: float = Field(description="Messages per second that a gateway gave an outcome in the last 10 s.")
    eta: datetime | None = Field(description="When the last one has its outcome if the rate stays; `null`: unknown.")
    waiting: Waiting | None
    credits: BatchCredits


class BatchAnswer(_Answer):
    """How far a batch has come, and why it waits."""

    success: Literal[True]
    message: str
    data: BatchProgress


class BatchMessage(_Answer):
    """A message of a batch."""

    uid: UUID
    to: str
    status: Word
    state: State
    gateway: str | None
    provider_id: str | None
    code: str | None = Field(description="Why it ended as it did, for programs.")
    reason: str | None = Field(description="The same for people.")
    credit: Credit
    schedule_at: datetime | None
    updated_at: datetime


class BatchMessagePage(_Answer):
    """A page of a batch's messages."""

    data: list[BatchMessage]
    next_cursor: UUID | None

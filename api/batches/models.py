"""Responses of the batch routes, for ``/openapi.json``."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.messages.models import Credit, Waiting, Word
from domain.channels import Channel
from domain.lanes import Lane
from domain.messages.statuses import State

BatchState = Literal["stored", "scheduled", "running", "paused", "cancelling", "cancelled", "completed"]
"""A batch's state; ``stored``: it was accepted and has not started."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BatchHead(_Answer):
    """A batch, without the outcomes of its messages."""

    uid: UUID
    channel: Channel
    priority: Lane
    test: bool = Field(description="Whether a test key sent it: its messages only pretend to be sent.")
    state: BatchState
    total: int = Field(description="Number of its messages.")
    created_at: datetime
    finished_at: datetime | None


class BatchPage(_Answer):
    """A page of an account's batches."""

    data: list[BatchHead]
    next_cursor: UUID | None


class BatchChangeAnswer(_Answer):
    """The changed batch."""

    success: Literal[True]
    message: str
    data: BatchHead


class BatchCredits(_Answer):
    """Credits of a batch's messages."""

    pending: int = Field(description="Not held yet: these messages were not started.")
    held: int
    captured: int
    released: int = Field(description="Released before a message was sent, or refunded because it did not arrive.")


class BatchProgress(BatchHead):
    """A batch and its progress."""

    done: int = Field(description="Messages that have an outcome.")
    counts: dict[State, int] = Field(description="Number of messages by state; states without messages are left out.")
    rate: float = Field(description="Messages per second that got an outcome from a gateway in the last 10 s.")
    eta: datetime | None = Field(description="When the last one has its outcome at the current rate; `null`: unknown.")
    waiting: Waiting | None
    credits: BatchCredits


class BatchAnswer(_Answer):
    """A batch's progress, and why it waits."""

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

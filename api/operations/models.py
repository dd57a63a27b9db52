"""Answers about long operations."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

State = Literal["queued", "running", "done", "failed", "cancelled"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OperationError(_Answer):
    """Why one item could not be done."""

    item: str = Field(description="Its number, from 0, or its id; empty: the operation as a whole.")
    code: str
    message: str


class Operation(_Answer):
    """Long work, and how far it is."""

    id: UUID
    kind: str = Field(description="Such as `users.bulk`.")
    state: State
    user: int | None = Field(description="Whose data it works on.")
    done: int
    total: int | None = Field(description="`null`: not known yet.")
    failed: int = Field(description="How many of those done failed.")
    cancellable: bool = Field(description="Whether `…/cancel` can still end it before it is done.")
    errors: list[OperationError] = Field(description="Of the first 100 that failed.")
    result: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class OperationAnswer(_Answer):
    """An operation."""

    success: Literal[True]
    message: str
    data: Operation
    dry_run: bool = Field(default=False, description="Only there on a dry run.")


class OperationPage(_Answer):
    """A page of operations."""

    data: list[Operation]
    next_cursor: str | None

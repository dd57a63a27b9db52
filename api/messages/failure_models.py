"""Answers about failures of all kinds by their causes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel
from services.failures.kinds import Kind


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FailureCause(_Answer):
    """Failures of one kind, for one reason, in one place."""

    kind: Kind = Field(description="`message`; `run`: a contact in an automation; `lead`.")
    user_id: int | None = Field(description="Whose automation or source it is; `null`: of messages.")
    channel: Channel | None
    gateway: str | None = Field(description="`null`: they were given to none.")
    gateway_id: UUID | None
    code: str | None
    state: Literal["failed", "gone", "invalid", "parked"] | None = Field(
        description="Of leads; `parked` ones wait for their source."
    )
    automation: str | None = Field(
        description="Key of the automation that sent the messages, or whose runs these are; `null`: of none."
    )
    automation_name: str | None
    step: str | None = Field(description="Id of the step of it.")
    lead_source: str | None = Field(
        description="Key of the source of the leads that the messages answered, or that these are; `null`: of none."
    )
    lead_source_name: str | None
    reason: str | None = Field(description="Of the last one. Of runs and leads staff sees it with `reveal` only.")
    count: int
    first_at: datetime
    last_at: datetime
    sample_uid: UUID = Field(description="The last one: the uid of a message, the id of a run or of a lead.")


class CausePage(_Answer):
    """Failures by cause."""

    data: list[FailureCause]
    next_cursor: None
    counted_since: datetime = Field(
        description="Of more than 10,000 failures of a kind the latest were counted: those from this time on."
    )


class ShownFailure(_Answer):
    """A message, a run or a lead; it may have gone on since it failed."""

    kind: Kind
    uid: UUID
    user_id: int | None = Field(description="Whose it is; `null`: of the admin.")
    state: str
    code: str | None
    reason: str | None = Field(description="Of runs and leads staff sees it with `reveal` only.")
    channel: Channel | None
    gateway: str | None
    automation: str | None = Field(description="Key of the automation that sent it, or whose run it is.")
    step: str | None = Field(description="Which sent it, or at which it is.")
    lead_source: str | None = Field(description="Key of the source of the lead that it answers, or that it is.")
    at: datetime = Field(description="When it came to this state; of a run or a lead that goes on when it began.")


class FailureAnswer(_Answer):
    """A message, a run or a lead."""

    success: Literal[True]
    message: str
    data: ShownFailure

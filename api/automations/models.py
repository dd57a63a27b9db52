"""Bodies and answers of automations."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

StateName = Literal["draft", "active", "paused", "archived"]
RunStateName = Literal["running", "waiting", "completed", "exited", "failed", "cancelled"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FlowBody(BaseModel):
    """A definition: `GET /api/automations/schema` has its form."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "schema": "xsender.flow/1",
                "key": "welcome",
                "name": "Welcome",
                "trigger": {"kind": "event", "event": "shop.registered"},
                "steps": [
                    {"id": "pause", "kind": "wait", "for": "1h"},
                    {
                        "id": "hello",
                        "kind": "send",
                        "channel": "sms",
                        "content": {"body": "Hi {{ contact.first_name | default: 'there' }}!"},
                    },
                ],
            }
        },
    )


class EnterBody(_Body):
    """Who enters."""

    contact: UUID = Field(description="The id of one of your contacts.")
    data: dict[str, Any] = Field(default={}, description="What texts call `event`.")


class PausedFor(_Answer):
    """Why an automation was paused by itself."""

    reason: Literal["mass_failure"]
    message: str
    step: str
    failed: int = Field(description="Runs that failed at the step within a quarter of an hour.")
    of: int = Field(description="Runs that came to it meanwhile.")
    at: datetime


class ShownAutomation(_Answer):
    """An automation."""

    id: UUID
    key: str
    name: str
    state: StateName
    version: int | None = Field(description="The newest; null: it was never published.")
    revision: int = Field(description="Patches of that version, and itself.")
    draft: dict[str, Any] | None = Field(description="Saved and not published; null: nothing was changed since.")
    created_at: datetime
    updated_at: datetime
    paused_for: PausedFor | None = Field(description="Why it was paused, if nobody did it by hand.")


class ChangedState(ShownAutomation):
    """An automation that was paused, resumed or archived."""

    leaving: int = Field(
        description="Messages that were made and still go. Those that wait here can be cancelled one by one, those "
        "that were handed to a gateway cannot be called back."
    )


class StateAnswer(_Answer):
    """An automation that was paused, resumed or archived."""

    success: Literal[True]
    message: str
    data: ChangedState
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class AutomationAnswer(_Answer):
    """An automation."""

    success: Literal[True]
    message: str
    data: ShownAutomation
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class AutomationPage(_Answer):
    """Automations, the newest first."""

    data: list[ShownAutomation]
    next_cursor: str | None


class SchemaAnswer(BaseModel):
    """A JSON Schema (2020-12)."""

    model_config = ConfigDict(extra="allow")


class ShownRun(_Answer):
    """A contact in an automation."""

    id: UUID
    contact: UUID
    version: int
    entry_key: str
    trigger: str
    state: RunStateName
    step: str | None = Field(description="Where it is.")
    since: datetime | None = Field(description="When its wait began.")
    until: datetime | None = Field(description="When it goes on at the latest.")
    reason: str | None = Field(description="Why it ended.")
    error: dict[str, Any] | None
    converted_at: datetime | None = Field(description="When it reached the goal.")
    entered_at: datetime
    ended_at: datetime | None
    tries: int = Field(description="Of its step that failed.")
    again_at: datetime | None = Field(description="When that is tried again.")


class RunPage(_Answer):
    """Runs, the newest first."""

    data: list[ShownRun]
    next_cursor: str | None


class ShownStep(_Answer):
    """A step that a run has behind it."""

    number: int
    step: str
    at: datetime
    outcome: dict[str, Any]
    message: dict[str, Any] | None = Field(description="Of a step that sends: the message.")


class Credited(_Answer):
    """What a conversion is credited to."""

    version: int
    step: str | None = Field(description="The step that sent the last message before it; null: there was none.")


class ShownRunInFull(ShownRun):
    """A run with all that it did."""

    credited: Credited | None = Field(description="To what reaching the goal is credited.")

    automation: str
    event: dict[str, Any]
    vars: dict[str, Any]
    answers: dict[str, Any] = Field(description="To calls, by step: what texts call `steps`.")
    steps: list[ShownStep]


class RunAnswer(_Answer):
    """A run with all that it did."""

    success: Literal[True]
    message: str
    data: ShownRunInFull


class ChangedRun(_Answer):
    """A run that goes on, or is about to end."""

    id: UUID
    state: RunStateName
    step: str | None = Field(description="Where it is, or goes on.")


class ChangedRunAnswer(_Answer):
    """A run that goes on, or is about to end."""

    success: Literal[True]
    message: str
    data: ChangedRun
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownEntry(_Answer):
    """Somebody who came."""

    id: UUID
    contact: UUID | None
    trigger: str
    entry_key: str
    outcome: str = Field(description="`admitted`, `updated`, or why not.")
    run: UUID | None
    at: datetime


class EntryPage(_Answer):
    """Who came, the latest first."""

    data: list[ShownEntry]
    next_cursor: str | None


class EnteredAnswer(_Answer):
    """What became of who was to enter."""

    success: Literal[True]
    message: str
    data: dict[str, Any]
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")

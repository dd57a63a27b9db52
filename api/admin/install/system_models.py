"""Answers about the parts of an install that work unseen."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShownFinding(_Part):
    """One thing that was looked at."""

    check: str
    level: Literal["ok", "warning", "failure"]
    message: str
    remedy: str | None = Field(description="What to do; `null`: nothing.")
    fixable: bool = Field(description="Whether `xsender doctor --fix` does it.")


class Examined(_Part):
    """What a check of the install found."""

    ok: bool = Field(description="Whether nothing fails.")
    examined_at: datetime
    findings: list[ShownFinding]
    left_out: list[str] = Field(description="Checks that take too long for a request: `xsender doctor` makes them.")


class ExaminedAnswer(_Part):
    """What a check of the install found."""

    success: Literal[True]
    message: str
    data: Examined


class ShownBuild(_Part):
    """One build of the workers."""

    build: str
    state: Literal["current", "ramping", "new", "old"]
    percent: float = Field(description="Of new workflows that begin on it.")
    pinned: int = Field(description="Open workflows that only this build goes on with.")
    upgrading: int = Field(description="Open workflows that go on with the current build.")
    missing_queues: list[str] = Field(description="Task queues that no worker of this build polls.")
    safe_to_remove: bool = Field(description="Whether nothing waits for its workers.")


class Builds(_Part):
    """The builds of the workers."""

    deployment: str = Field(description="What Temporal calls the workers of this install.")
    builds: list[ShownBuild] = Field(description="The newest first; empty: workers have no builds.")


class BuildsAnswer(_Part):
    """The builds of the workers."""

    success: Literal[True]
    message: str
    data: Builds


class ShownBacklog(_Part):
    """Tasks of a queue that no worker has taken yet, as Temporal estimates them."""

    tasks: int
    oldest: float = Field(description="For how many seconds the first of them has waited.")


class ShownQueue(_Part):
    """One task queue."""

    queue: str
    workers: int = Field(description="Processes that are alive and serve it.")
    backlog: ShownBacklog | None = Field(description="`null`: Temporal does not answer.")


class ShownWaiting(_Part):
    """Messages that are due and have no outcome, of one lane, for one reason."""

    lane: Literal["transactional", "bulk"]
    reason: Literal["turn", "sending_paused", "gateway_paused", "device", "gateway"]
    messages: int
    oldest: float = Field(description="For how many seconds the first of them has been due.")


class ShownQueues(_Part):
    """What waits, and where."""

    looked_at: datetime
    queues: list[ShownQueue]
    waiting: list[ShownWaiting] = Field(description="The longest first.")


class QueuesAnswer(_Part):
    """What waits, and where."""

    success: Literal[True]
    message: str
    data: ShownQueues


class ShownSchedule(_Part):
    """What begins by itself, again and again."""

    id: str = Field(description="As Temporal has it.")
    user_id: int | None = Field(description="Whose campaign it is; `null`: it is none, or was deleted.")
    campaign: UUID | None
    paused: bool
    next_at: datetime | None = Field(description="`null`: it is paused, or begins no more.")
    last_at: datetime | None = Field(description="`null`: it has not begun yet.")


class ShownClock(_Part):
    """A trigger of an automation that looks for contacts at its times."""

    user_id: int
    automation: UUID
    trigger: int = Field(description="Which of its triggers, from 0.")
    next_at: datetime = Field(description="In the past: it looks now, or is late.")
    looks: bool = Field(description="Whether it looks now.")
    done_until: datetime = Field(description="What was due up to then has been looked for.")


class ClockPage(_Part):
    """A page of clocks."""

    data: list[ShownClock]
    next_cursor: str | None


class SchedulePage(_Part):
    """A page of schedules."""

    data: list[ShownSchedule]
    next_cursor: str | None

"""Bodies and answers about runs that fail."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.automations.models import PausedFor, StateName


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RetryBody(BaseModel):
    """Which failed runs are tried again: those that meet all that is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None = None
    step: Annotated[StrictStr, Field(min_length=1, max_length=64, description="At which they failed.")] | None = None
    code: Annotated[StrictStr, Field(min_length=1, max_length=100, description="Why.")] | None = None
    from_: AwareDatetime | None = Field(default=None, alias="from", description="They failed at this time or later.")
    until: AwareDatetime | None = Field(default=None, description="They failed before it.")
    most: Annotated[StrictInt, Field(ge=1, le=10_000_000, description="At most so many, the newest.")] | None = None


class ShownFailures(_Answer):
    """Runs that failed at one step for one reason."""

    step: str
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    run: UUID = Field(description="One of them, the one that entered last.")
    message: str = Field(description="Why that one failed.")


class FailurePage(_Answer):
    """Runs that failed, by step and code."""

    data: list[ShownFailures]
    next_cursor: str | None


class ShownRetry(_Answer):
    """Failed runs that go on at their steps."""

    id: UUID
    state: Literal["running", "done", "stopped"]
    wanted: dict[str, Any] = Field(description="Which, as it was asked for.")
    total: int = Field(description="How many there were when it began, or as many as were wanted.")
    retried: int
    left_out: int = Field(description="Their contacts have entered again (`already_inside`): that run goes on.")
    created_at: datetime
    ended_at: datetime | None


class RetryPage(_Answer):
    """What was tried again, the newest first."""

    data: list[ShownRetry]
    next_cursor: str | None


class RetryAnswer(_Answer):
    """Failed runs that go on at their steps."""

    success: Literal[True]
    message: str
    data: ShownRetry
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class BegunRetry(ShownRetry):
    """Failed runs that go on, or would."""

    inside_again: int = Field(description="Of all that are meant, whose contacts have entered again by now: they stay.")
    most_credits: int = Field(
        description="What the messages from there cost at most, if each run takes the dearest arms. A step costs as "
        "much as the dearest of its last messages; one that has sent none, as one part at the highest rate of the plan."
    )


class BegunRetryAnswer(_Answer):
    """Failed runs that go on, or would."""

    success: Literal[True]
    message: str
    data: BegunRetry
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownTrouble(_Answer):
    """An automation that somebody should look at."""

    id: UUID
    key: str
    name: str
    state: StateName
    paused_for: PausedFor | None = Field(description="Why it was paused, if nobody did it by hand.")
    failed: int = Field(description="Runs that failed, and were not tried again; counted up to 100,000.")


class TroublePage(_Answer):
    """Automations that somebody should look at, the newest first."""

    data: list[ShownTrouble]
    next_cursor: str | None

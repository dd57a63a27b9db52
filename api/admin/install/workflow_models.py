"""Bodies and answers about workflows that failed or hang by a bug."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.http.query_text import Moment
from domain.channels import Channel

Status = Literal["running", "stuck", "failed", "timed_out", "terminated", "cancelled", "completed"]
_Word = Annotated[StrictStr, Field(max_length=200)]
_Reason = Annotated[StrictStr, Field(max_length=500, description="Kept with the workflows, and in the audit log.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkflowFilter(_Body):
    """Which workflows. All that is given applies."""

    id: _Word | None = Field(default=None, description="Only this one.")
    type: _Word | None = Field(default=None, description="Such as `SendWorkflow`.")
    channel: Channel | None = None
    lane: _Word | None = Field(default=None, description="Such as `transactional`, `bulk` or `leads`.")
    account: _Word | None = Field(
        default=None, description="An id; `0`: the admin; `shared`: pages with messages of several accounts."
    )
    outcome: _Word | None = Field(default=None, description="`failed`, `expired`, `unknown` or `parked`.")
    status: Annotated[list[Status], Field(max_length=10)] = Field(
        default=[], description="Left out: for a reset those that failed, timed out or are stuck; else those that run."
    )
    started_before: Moment | None = None


class ActOnWorkflows(_Body):
    """Which workflows, and why."""

    filter: WorkflowFilter
    reason: _Reason = Field(default="", description="Needed, unless it is a dry run.")


class SignalWorkflows(ActOnWorkflows):
    """Which workflows are signalled, with what, and why."""

    signal: _Word = Field(description="One without a value, such as `wake` or `poke`.")


class StopJob(_Body):
    """Why it is stopped."""

    reason: _Reason = "stopped by staff"


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShownWorkflow(_Answer):
    """A workflow, without anything personal."""

    id: str
    run_id: str
    type: str
    status: str
    channel: str
    lane: str
    account: str
    outcome: str = Field(description="The worst that it met; empty: none, or it does not say.")
    problem: str = Field(description="Of a stuck one: why its tasks fail, in Temporal's words.")
    started_at: datetime
    closed_at: datetime | None
    url: str | None = Field(description="Where Temporal's web page shows it; `null`: the settings do not say.")


class WorkflowAnswer(_Answer):
    """One workflow."""

    success: Literal[True]
    message: str
    data: ShownWorkflow


class WorkflowPage(_Answer):
    """A page of them."""

    data: list[ShownWorkflow]
    next_cursor: str | None


class WorkflowCount(_Answer):
    """How many workflows of a type have a status."""

    type: str
    status: str
    workflows: int


class WorkflowCounts(_Answer):
    """How many there are."""

    data: list[WorkflowCount]
    next_cursor: None


class ShownAct(_Answer):
    """What is done with workflows, or would be."""

    act: Literal["reset", "terminate", "signal"]
    workflows: int
    left: int = Field(description="How many more there are at most: a reset takes 1,000 at a time.")
    counts: list[WorkflowCount]
    effects: list[str] = Field(description="What it means for messages and other work, by type.")
    job: str | None = Field(description="Which has progress; `null`: a dry run, or there are none.")


class ActAnswer(_Answer):
    """What is done with workflows, or would be."""

    success: Literal[True]
    message: str
    data: ShownAct
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was begun.")


class ShownJob(_Answer):
    """How far a batch operation of Temporal is."""

    job: str
    state: Literal["running", "done", "failed"] = Field(description="`failed` too if it was stopped.")
    workflows: int
    done: int
    failed: int = Field(description="Those that had ended meanwhile count too.")
    reason: str
    started_at: datetime
    closed_at: datetime | None


class JobAnswer(_Answer):
    """How far it is."""

    success: Literal[True]
    message: str
    data: ShownJob
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was stopped.")

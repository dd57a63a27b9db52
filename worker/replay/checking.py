"""Replays live workflows with the code of this process: what it cannot go on with fails here, not in production."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from worker.replay.sampling import sample
from worker.runners.runner import workflow_runner
from worker.runners.workflow_types import WORKFLOWS


@dataclass(frozen=True, slots=True)
class ReplayFailure:
    """A workflow that this code cannot go on with."""

    workflow_type: str
    workflow_id: str
    run_id: str
    error: str
    """What differs, in the SDK's words. Payloads are not in it."""


@dataclass(slots=True)
class Checked:
    """What a check found."""

    replayed: dict[str, int] = field(default_factory=dict)
    """How many, by type."""
    skipped: int = 0
    """Workflows that no worker has begun yet, and those that are gone meanwhile."""
    failures: list[ReplayFailure] = field(default_factory=list)


def types() -> list[type]:
    """All types of workflows, each once."""
    return sorted({flow for flows in WORKFLOWS.values() for flow in flows}, key=lambda flow: flow.__name__)


async def check(client: Client, since: datetime, limit: int) -> Checked:
    """Replay at most so many workflows that run, or that ended after ``since``."""
    flows, found = types(), Checked()
    replayer = Replayer(
        workflows=flows,
        workflow_runner=workflow_runner(),
        data_converter=client.data_converter,
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),  # it would log to standard output
    )
    for workflow in await sample(client, [flow.__name__ for flow in flows], since, limit):
        history = await _history(client, workflow)
        if history is None:
            found.skipped += 1
            continue
        found.replayed[workflow.workflow_type] = found.replayed.get(workflow.workflow_type, 0) + 1
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        if result.replay_failure is not None:
            found.failures.append(_failure(workflow, result.replay_failure))
    return found


async def _history(client: Client, workflow: WorkflowExecution) -> WorkflowHistory | None:
    """What happened to it; ``None`` if there is nothing to compare yet, or no more."""
    try:
        history = await client.get_workflow_handle(workflow.id, run_id=workflow.run_id).fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return history if any(event.event_type == done for event in history.events) else None


def _failure(workflow: WorkflowExecution, error: Exception) -> ReplayFailure:
    said: Sequence[str] = str(error).splitlines() or [type(error).__name__]
    return ReplayFailure(workflow.workflow_type, workflow.id, workflow.run_id, said[0])

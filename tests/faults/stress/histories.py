"""What Temporal has, looked at after the run: what is open, what failed, and whether every history replays."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.service import RPCError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from domain.ids import page_of
from tests.faults.stress.record import BATCH_ENDS, WITHOUT_OUTCOME, Row
from workflows.batch import BatchWorkflow
from workflows.callback import CallbackWorkflow
from workflows.receipts import ReceiptsWorkflow
from workflows.send import SendWorkflow

FLOWS = [SendWorkflow, BatchWorkflow, ReceiptsWorkflow, CallbackWorkflow]
OPEN = "ExecutionStatus = 'Running'"
_MOST_TRIES = 3
_LAST = 6
_BAD_ENDS = (WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT)


@dataclass(frozen=True)
class OpenWorkflow:
    """A workflow that goes on after the end of the run."""

    id: str
    tries: int
    """How often its workflow task was tried; 0: it has none."""
    activities: tuple[str, ...]
    """Those under way: the state and try of each."""
    events: tuple[str, ...]
    """The last of its history."""

    def __str__(self) -> str:
        return ", ".join((self.id, f"try {self.tries}", *self.activities, "after " + " ".join(self.events)))


async def is_quiet(client: Client) -> bool:
    """Whether no workflow is open."""
    try:
        return (await client.count_workflows(OPEN)).count == 0
    except RPCError:  # it was killed a moment ago
        return False


async def open_workflows(client: Client) -> list[OpenWorkflow]:
    """All that go on."""
    found = []
    async for one in client.list_workflows(OPEN):
        handle = client.get_workflow_handle(one.id, run_id=one.run_id)
        described = (await handle.describe()).raw_description
        pending = described.pending_workflow_task.attempt if described.HasField("pending_workflow_task") else 0
        activities = tuple(
            f"{each.activity_type.name} {PendingActivityState.Name(each.state)} try {each.attempt}"
            for each in described.pending_activities
        )
        events = [EventType.Name(each.event_type) async for each in handle.fetch_history_events()]
        found.append(OpenWorkflow(one.id, pending, activities, tuple(events[-_LAST:])))
    return found


def wedged(opened: list[OpenWorkflow]) -> list[str]:
    """Those whose workflow task is tried again and again."""
    return [str(one) for one in opened if one.tries > _MOST_TRIES]


def without_work(opened: list[OpenWorkflow], rows: dict[str, Row], batches: dict[str, str]) -> list[str]:
    """Open workflows for which the record has nothing left to do."""
    busy = {f"send-{page_of(row.uid)}" for row in rows.values() if row.state in WITHOUT_OUTCOME}
    busy |= {f"batch-{uid}" for uid, state in batches.items() if state not in BATCH_ENDS}
    return [str(one) for one in opened if one.id not in busy]


def orphans(opened: list[OpenWorkflow], rows: dict[str, Row], batches: dict[str, str]) -> list[str]:
    """Rows without an outcome that no open workflow is at work for."""
    ids = {one.id for one in opened}
    lost = []
    for uid, row in rows.items():
        if row.state in WITHOUT_OUTCOME and f"send-{page_of(UUID(uid))}" not in ids and row.credit != "pending":
            lost.append(f"{uid} {row.state} {row.credit}")
    lost += [
        f"batch {uid} {state}"
        for uid, state in batches.items()
        if state not in BATCH_ENDS and f"batch-{uid}" not in ids
    ]
    return lost


@dataclass(frozen=True)
class Replayed:
    """What came of replaying all histories."""

    runs: Counter[str]
    """How many runs of each type."""
    continued: int
    """Runs that went on in a fresh one."""
    failures: list[str]
    bad_ends: list[str]
    """Workflows that failed, were terminated, or timed out."""


async def replay_all(client: Client) -> Replayed:
    """Replay every history of the namespace."""
    runs: Counter[str] = Counter()
    bad_ends: list[str] = []
    continued = 0

    async def histories() -> AsyncIterator[WorkflowHistory]:
        nonlocal continued
        async for one in client.list_workflows():
            runs[one.workflow_type] += 1
            continued += one.status == WorkflowExecutionStatus.CONTINUED_AS_NEW
            if one.status in _BAD_ENDS:
                bad_ends.append(f"{one.id} {one.status.name}")
            yield await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
            await asyncio.sleep(0)

    replayer = Replayer(
        workflows=FLOWS, workflow_runner=UnsandboxedWorkflowRunner(), data_converter=client.data_converter
    )
    async with replayer.workflow_replay_iterator(histories()) as results:
        failures = [
            f"{result.history.workflow_id}: {result.replay_failure!r:.300}"
            async for result in results
            if result.replay_failure is not None
        ]
    return Replayed(runs, continued, failures, bad_ends)

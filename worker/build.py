"""Temporal workers from the table, tuned for very many very small workflows."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.dependencies import DRAIN_SECONDS
from worker.runners.early_events import RefuseEarlyEvents
from worker.runners.foreign_starts import RefuseForeignStarts
from worker.table import QueueRow

DRAIN = timedelta(seconds=DRAIN_SECONDS)
"""How long a stopping worker lets its activities finish."""


def build_workers(client: Client, rows: Mapping[str, QueueRow]) -> list[Worker]:
    """One worker per task queue."""
    return [_worker(client, queue, row) for queue, row in rows.items()]


def _worker(client: Client, queue: str, row: QueueRow) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=row.workflows,
        activities=row.activities,
        # The sandbox costs about 10 ms a workflow. Lint and sandboxed tests enforce its rules.
        workflow_runner=RefuseEarlyEvents(RefuseForeignStarts(UnsandboxedWorkflowRunner())),
        max_cached_workflows=1000,  # each holds its page's content, up to 1 MB; evicted ones are replayed
        max_concurrent_workflow_tasks=50,
        max_concurrent_local_activities=row.at_a_time,
        max_concurrent_activities=row.at_a_time,
        no_remote_activities=row.is_local,
        # A killed worker's cached workflows move to another one after this time.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        max_heartbeat_throttle_interval=timedelta(seconds=3),
        default_heartbeat_throttle_interval=timedelta(seconds=3),
        graceful_shutdown_timeout=DRAIN,
    )

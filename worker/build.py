"""Temporal workers from the table, tuned for very many very small workflows."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.dependencies import DRAIN_SECONDS
from worker.runners.runner import workflow_runner
from worker.table import QueueRow
from workflows.policy import BEHAVIOURS

DRAIN = timedelta(seconds=DRAIN_SECONDS)
"""How long a stopping worker lets its activities finish."""


def build_workers(
    client: Client, rows: Mapping[str, QueueRow], version: WorkerDeploymentVersion | None = None
) -> list[Worker]:
    """One worker per task queue that any process polls. With a version Temporal hands them only what that build is to
    do.
    """
    return [_worker(client, queue, row, version) for queue, row in rows.items() if not row.at_home]


def build_home_workers(client: Client, rows: Mapping[str, QueueRow]) -> list[Worker]:
    """The workers of the home. They belong to no build: a queue that none polls has the activities of all."""
    return [_worker(client, queue, row, None) for queue, row in rows.items() if row.at_home]


def _worker(client: Client, queue: str, row: QueueRow, version: WorkerDeploymentVersion | None) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=row.workflows,
        activities=row.activities,
        workflow_runner=workflow_runner(),
        deployment_config=_deployment(row, version) if version else None,
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


def _deployment(row: QueueRow, version: WorkerDeploymentVersion) -> WorkerDeploymentConfig:
    # Not at the definition of a workflow: a worker without a build could not run it then (decision 0052).
    behaviours = {BEHAVIOURS[flow.__name__] for flow in row.workflows} or {VersioningBehavior.UNSPECIFIED}
    (behaviour,) = behaviours
    return WorkerDeploymentConfig(version, use_worker_versioning=True, default_versioning_behavior=behaviour)

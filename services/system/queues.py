"""The task queues of an install: who serves them, how much waits in them, and which messages wait for what."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue, TaskQueueStats
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from store import workers
from store.pool import Pool
from store.reports import waiting
from store.reports.waiting import Recent, Waiting
from workflows.policy import QUEUES

_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Tasks of a queue that no worker has taken yet, as Temporal estimates them."""

    tasks: int
    oldest: float
    """For how many seconds the first of them has waited."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One task queue."""

    queue: str
    workers: int
    """Processes that are alive and serve it."""
    backlog: Backlog | None
    """``None``: Temporal does not answer."""


@dataclass(frozen=True, slots=True)
class Queues:
    """One look."""

    queues: list[Queue]
    waiting: list[Waiting]
    """Messages that are due, by lane and reason, the longest first."""


async def read(pool: Pool, client: Client | None) -> Queues:
    """How they stand. ``client``: ``None``, if Temporal was never reached.

    Raises:
        psycopg.Error, PoolTimeout: the database does not answer.
    """
    served = await workers.workers_of_queues(pool)
    backlogs = await _backlogs(client) if client else {}
    late = sorted(await waiting.read(pool, Recent()), key=lambda one: -one.oldest)
    return Queues([Queue(name, served.get(name, 0), backlogs.get(name)) for name in QUEUES], late)


async def _backlogs(client: Client) -> Mapping[str, Backlog]:
    """Of all queues; empty, if Temporal does not answer."""
    try:
        found = await asyncio.gather(*(_stats(client, queue, kind) for queue in QUEUES for kind in _KINDS))
    except RPCError:
        return {}
    pairs = zip(QUEUES, zip(found[::2], found[1::2], strict=True), strict=True)
    return {queue: _added(both) for queue, both in pairs}


async def _stats(client: Client, queue: str, kind: TaskQueueType.ValueType) -> TaskQueueStats:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind, report_stats=True
    )
    return (await client.workflow_service.describe_task_queue(request, timeout=_WITHIN)).stats


def _added(stats: tuple[TaskQueueStats, ...]) -> Backlog:
    late = [one for one in stats if one.approximate_backlog_count]
    ages = [one.approximate_backlog_age.ToTimedelta().total_seconds() for one in late]
    return Backlog(sum(one.approximate_backlog_count for one in late), max(ages, default=0.0))

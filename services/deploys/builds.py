"""The builds of the workers of an install, as Temporal knows them: which has the work, and which may go."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.deployment.v1 import RoutingConfig, WorkerDeploymentInfo
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import NotFoundError
from workflows.policy import HOME_QUEUE, QUEUES

POLLED_WITHIN = timedelta(minutes=2)
"""A worker asks each of its queues for work at least once a minute. Temporal lists it for five."""
_WITHIN = timedelta(seconds=5)
SETTLED_AFTER = timedelta(seconds=10)
"""Since a build got new work last: until then a workflow may be open that Temporal does not count yet."""

_Summary = WorkerDeploymentInfo.WorkerDeploymentVersionSummary
State = Literal["current", "ramping", "new", "old"]


@dataclass(frozen=True, slots=True)
class Build:
    """One build of the workers."""

    build: str
    state: State
    """New workflows begin on the ``current`` build, some on the ``ramping`` one; a ``new`` one never had work."""
    percent: float
    """Of new workflows that begin on it."""
    pinned: int
    """Open workflows that only this build goes on with."""
    upgrading: int
    """Open workflows that worked on it last, and go on with the current build."""
    missing_queues: list[str]
    """Task queues that no worker of this build polls."""
    safe_to_remove: bool
    """Whether nothing waits for its workers."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """All builds of an install, the newest first."""

    name: str
    builds: list[Build]
    conflict_token: bytes
    """Names this state: Temporal refuses a change that was decided on an older one."""

    @property
    def current(self) -> Build | None:
        """The build that new workflows begin on; ``None``: they go to workers without one."""
        return next((one for one in self.builds if one.state == "current"), None)

    def find(self, build: str) -> Build:
        """The build with this name.

        Raises:
            NotFoundError: there is none.
        """
        for one in self.builds:
            if one.build == build:
                return one
        known = ", ".join(one.build for one in self.builds)
        raise NotFoundError("build_not_found", f"No worker has said that it is build {build}: there are {known}.")


async def read(client: Client, name: str) -> Deployment:
    """How the builds of an install stand.

    Raises:
        NotFoundError: no worker has ever said that it belongs to a build.
    """
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    try:
        found = await client.workflow_service.describe_worker_deployment(request, timeout=_WITHIN)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        text = f"No worker of {name} has a build: start workers with XSENDER_BUILD_ID."
        raise NotFoundError("no_builds", text) from None
    info, polled = found.worker_deployment_info, await _polled(client, name)
    builds = [
        await _build(client, name, summary, info.routing_config, polled[summary.deployment_version.build_id])
        for summary in sorted(info.version_summaries, key=lambda one: one.create_time.ToNanoseconds(), reverse=True)
    ]
    return Deployment(name, builds, found.conflict_token)


async def _build(client: Client, name: str, summary: _Summary, routing: RoutingConfig, polled: set[str]) -> Build:
    build = summary.deployment_version.build_id
    is_ramping = routing.ramping_deployment_version.build_id == build
    ramp = routing.ramping_version_percentage if routing.ramping_deployment_version.build_id else 0.0
    if routing.current_deployment_version.build_id == build:
        state, percent = "current", 100.0 - ramp
    elif is_ramping:
        state, percent = "ramping", ramp
    else:
        state, percent = ("old" if summary.HasField("last_deactivation_time") else "new"), 0.0
    pinned = await count(client, name, build, "Pinned")
    return Build(
        build,
        state,  # type: ignore[arg-type]
        percent,
        pinned,
        await count(client, name, build, "AutoUpgrade"),
        [queue for queue in QUEUES if queue not in polled and queue != HOME_QUEUE],  # the home belongs to no build
        state in ("new", "old") and not pinned and _has_settled(summary.last_deactivation_time),
    )


def _has_settled(deactivated: Timestamp) -> bool:
    return datetime.now(UTC) - deactivated.ToDatetime(UTC) > SETTLED_AFTER


def open_workflows(name: str, build: str, behaviour: str) -> str:
    """Temporal's query for open workflows of a build: those that stay (``Pinned``), or do not (``AutoUpgrade``)."""
    version = f"TemporalWorkerDeploymentVersion = '{name}:{build}'"
    return f"{version} and TemporalWorkflowVersioningBehavior = '{behaviour}' and ExecutionStatus = 'Running'"


async def count(client: Client, name: str, build: str, behaviour: str) -> int:
    """How many those are."""
    return (await client.count_workflows(open_workflows(name, build, behaviour), rpc_timeout=_WITHIN)).count


async def _polled(client: Client, name: str) -> dict[str, set[str]]:
    """The task queues that workers poll, by their build."""
    kinds = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
    asked = [(queue, kind) for queue in QUEUES for kind in kinds]
    answers = await asyncio.gather(
        *(
            client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
                ),
                timeout=_WITHIN,
            )
            for queue, kind in asked
        )
    )
    oldest, polled = datetime.now(UTC) - POLLED_WITHIN, defaultdict[str, set[str]](set)
    for (queue, _), answer in zip(asked, answers, strict=True):
        for poller in answer.pollers:
            options = poller.deployment_options
            if options.deployment_name == name and poller.last_access_time.ToDatetime(UTC) > oldest:
                polled[options.build_id].add(queue)
    return polled

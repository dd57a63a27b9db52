"""Which build new workflows begin on, and that an old one has nothing left to do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import ConflictError
from services.deploys.builds import Build, Deployment, open_workflows, read

_LOOK_EVERY = 1.0
_MOVED_AT_A_TIME = 20


@dataclass(frozen=True, slots=True)
class Drained:
    """How far a build is drained."""

    build: Build
    moved: int
    """Workflows that now go on with the current build."""


async def promote(client: Client, name: str, build: str) -> Deployment:
    """Have all new workflows begin on a build, and those that do not stay with theirs go on with it.

    Raises:
        NotFoundError: there is no such build.
        ConflictError: its workers do not poll all queues, or Temporal refuses.
    """
    deployment = await read(client, name)
    _check_queues(deployment.find(build))
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace,
        deployment_name=name,
        build_id=build,
        conflict_token=deployment.conflict_token,
        identity=client.identity,
    )
    with _refusals():
        await client.workflow_service.set_worker_deployment_current_version(request)
    return await read(client, name)


async def ramp(client: Client, name: str, build: str, percent: float) -> Deployment:
    """Have a part of the new workflows begin on a build; 0 ends that.

    Raises:
        NotFoundError: there is no such build.
        ConflictError: it is the current one, its workers do not poll all queues, or Temporal refuses.
    """
    deployment = await read(client, name)
    found = deployment.find(build)
    if found.state == "current":
        raise ConflictError("build_is_current", f"Build {build} is the current one: it has all that no other ramps.")
    if percent:
        _check_queues(found)
    elif found.state != "ramping":
        return deployment
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace,
        deployment_name=name,
        build_id=build if percent else "",
        percentage=percent,
        conflict_token=deployment.conflict_token,
        identity=client.identity,
    )
    with _refusals():
        await client.workflow_service.set_worker_deployment_ramping_version(request)
    return await read(client, name)


async def drain(client: Client, name: str, build: str, *, move: bool, seconds: float) -> Drained:
    """Wait until nothing is left for the workers of an old build.

    Args:
        move: have the workflows that stay with it go on with the current build.
        seconds: how long to wait at most.

    Raises:
        NotFoundError: there is no such build.
        ConflictError: it gets new work, or there is no current build that could go on.
    """
    loop = asyncio.get_running_loop()
    deadline, moved = loop.time() + seconds, 0
    while True:
        deployment = await read(client, name)
        found = deployment.find(build)
        if found.state in ("current", "ramping"):
            text = f"Build {build} gets new workflows: promote another one first, and end its ramp."
            raise ConflictError("build_in_use", text)
        if deployment.current is None:
            raise ConflictError("no_current_build", "There is no current build: promote one first.")
        if move and found.pinned:
            moved += await _move(client, name, build)
        elif found.safe_to_remove or loop.time() >= deadline:
            return Drained(found, moved)
        await asyncio.sleep(_LOOK_EVERY)


async def _move(client: Client, name: str, build: str) -> int:
    """Returns how many were moved."""
    slots, moved = asyncio.Semaphore(_MOVED_AT_A_TIME), 0

    async def move(workflow_id: str, run_id: str) -> None:
        nonlocal moved
        async with slots:
            moved += await _move_one(client, WorkflowExecution(workflow_id=workflow_id, run_id=run_id))

    async with asyncio.TaskGroup() as group:
        async for found in client.list_workflows(open_workflows(name, build, "Pinned")):
            group.create_task(move(found.id, found.run_id))
    return moved


async def _move_one(client: Client, execution: WorkflowExecution) -> bool:
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=client.namespace,
        workflow_execution=execution,
        workflow_execution_options=WorkflowExecutionOptions(versioning_override=VersioningOverride(auto_upgrade=True)),
        update_mask=FieldMask(paths=["versioning_override"]),
    )
    try:
        await client.workflow_service.update_workflow_execution_options(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False  # it has ended meanwhile
    return True


def _check_queues(found: Build) -> None:
    if found.missing_queues:
        raise ConflictError(
            "queues_missing",
            f"Build {found.build} cannot get work: none of its workers polls {', '.join(found.missing_queues)}. Start "
            "workers of it for them (xsender worker without --queues serves all), and try again.",
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Raises what Temporal refuses as a conflict, in its words."""
    try:
        yield
    except RPCError as error:
        if error.status not in (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ABORTED):
            raise
        raise ConflictError("deploy_refused", f"Temporal refuses: {error.message}.") from error

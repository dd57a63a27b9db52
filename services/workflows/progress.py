"""How far a batch operation of Temporal is, and ending one. What it has done stays."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from temporalio.api.enums.v1 import BatchOperationState
from temporalio.api.workflowservice.v1 import DescribeBatchOperationRequest, StopBatchOperationRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import ConflictError, NotFoundError
from services.changes import Change

_TIMEOUT = timedelta(seconds=5)
State = Literal["running", "done", "failed"]
_STATES: dict[int, State] = {
    BatchOperationState.BATCH_OPERATION_STATE_RUNNING: "running",
    BatchOperationState.BATCH_OPERATION_STATE_COMPLETED: "done",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    job: str
    state: State
    """``failed`` too if it was stopped."""
    workflows: int
    done: int
    failed: int
    """Of the workflows; those that had ended meanwhile count too."""
    reason: str
    started_at: datetime
    closed_at: datetime | None


async def progress(client: Client, job: str) -> Progress:
    """Raises NotFoundError if there is none, ``RPCError`` if Temporal does not answer."""
    request = DescribeBatchOperationRequest(namespace=client.namespace, job_id=job)
    try:
        found = await client.workflow_service.describe_batch_operation(request, timeout=_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise _none(job) from None
    return Progress(
        job,
        _STATES.get(found.state, "failed"),
        found.total_operation_count,
        found.complete_operation_count,
        found.failure_operation_count,
        found.reason,
        found.start_time.ToDatetime(UTC),
        found.close_time.ToDatetime(UTC) if found.HasField("close_time") else None,
    )


async def stop(change: Change, client: Client, job: str, reason: str, *, is_dry: bool = False) -> None:
    """End it; ``is_dry``: only find out whether that is possible.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended.
        RPCError: Temporal does not answer.
    """
    if (await progress(client, job)).state != "running":
        raise ConflictError("batch_operation_ended", f"The batch operation {job} has ended.")
    request = StopBatchOperationRequest(namespace=client.namespace, job_id=job, reason=reason, identity=client.identity)
    change.about("workflows", job)
    change.reason = reason
    if is_dry:
        return
    try:
        await client.workflow_service.stop_batch_operation(request, timeout=_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise ConflictError("batch_operation_ended", f"The batch operation {job} has ended.") from None


def _none(job: str) -> NotFoundError:
    return NotFoundError("batch_operation_not_found", f"There is no batch operation {job}.")

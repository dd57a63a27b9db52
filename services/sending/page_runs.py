"""Workflow runs: their status, and the arguments of a page's run."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.messages.page import PageHeader

RPC_TIMEOUT = timedelta(seconds=5)


class Fate(StrEnum):
    """How a workflow run ended, if it did."""

    RUNNING = "running"
    STOPPED = "stopped"
    """An operator ended it: it was terminated or cancelled."""
    FAILED = "failed"
    """It ended unintentionally: it failed, timed out, or left work undone."""
    GONE = "gone"
    """Temporal does not know it: it was never started, or its retention has passed."""


_FATES = {
    WorkflowExecutionStatus.RUNNING: Fate.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: Fate.RUNNING,
    WorkflowExecutionStatus.TERMINATED: Fate.STOPPED,
    WorkflowExecutionStatus.CANCELED: Fate.STOPPED,
}


@dataclass(frozen=True, slots=True)
class Run:
    """The latest run of a workflow, as Temporal reports it."""

    fate: Fate
    id: str = ""
    failed_tries: int = 0
    """Attempts at its workflow task that failed in a row."""


async def latest_run(client: Client, workflow_id: str) -> Run:
    """Look a workflow up by its id, not in the visibility index, which may lag behind.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        found = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return Run(Fate.GONE)
        raise
    fate = Fate.FAILED if found.status is None else _FATES.get(found.status, Fate.FAILED)
    tries = found.raw_description.pending_workflow_task.attempt
    return Run(fate, found.run_id, max(0, tries - 1))


async def start_arguments(client: Client, workflow_id: str, run_id: str) -> tuple[PageHeader, bytes] | None:
    """The header and the content that a page's run was started with, from its history; ``None``: it is gone.

    Raises:
        RPCError: Temporal does not answer.
        KeyringError: it was sealed by a key that this process does not have.
        UnsealedPayloadError: this install did not start it.
    """
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        maximum_page_size=1,
    )
    try:
        answer = await client.workflow_service.get_workflow_execution_history(request, retry=True, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    started = answer.history.events[0].workflow_execution_started_event_attributes
    header, content = await client.data_converter.decode(list(started.input.payloads)[:2], [PageHeader, bytes])
    return header, content

"""Starts the workflows of queued operations, and of those whose workflow was lost."""

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.ids import operation_workflow_id
from runtime.search_attributes import attributes
from services.sending.page_runs import RPC_TIMEOUT
from store.operations import operations
from store.pool import Pool
from workflows.policy import OPERATIONS_QUEUE

QUIET = 300.0
"""Seconds without progress after which an operation is started again, if its workflow does not run."""
_AT_A_TIME = 20


async def start_operations(pool: Pool, client: Client, quiet: float = QUIET) -> None:
    """Start what is to be started. One that runs is left alone: an id runs once at a time.

    Raises:
        RPCError: Temporal does not answer.
    """
    for operation_id in await operations.to_start(pool, quiet, _AT_A_TIME):
        try:
            await client.start_workflow(
                "OperationWorkflow",
                str(operation_id),
                id=operation_workflow_id(operation_id),
                task_queue=OPERATIONS_QUEUE,
                search_attributes=attributes(lane="operations"),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            continue

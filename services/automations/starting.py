"""Starting the workflows of runs, and waking them."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.automations.rest import RunStart
from domain.ids import automation_workflow_id
from store.automations import waking
from store.pool import Connections
from workflows.policy import AUTOMATIONS_QUEUE

_SECONDS = timedelta(seconds=5)
_MOST = 1_000
"""Of one sweep."""


async def start(client: Client, run_id: UUID) -> None:
    """Start the workflow of a run, unless it runs. One of a run that has ended does nothing.

    Raises:
        RPCError: Temporal does not answer. The workers' sweep starts it later.
    """
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            "AutomationWorkflow",
            RunStart(str(run_id)),
            id=automation_workflow_id(run_id),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_queue=AUTOMATIONS_QUEUE,
            rpc_timeout=_SECONDS,
        )


async def start_unstarted(store: Connections, client: Client, older_than_seconds: float) -> None:
    """Start runs whose process died before it did, or met no Temporal."""
    for run_id in await waking.unstarted(store, older_than_seconds, _MOST):
        await start(client, run_id)


async def wake(client: Client, run_ids: Iterable[UUID], *, starts: bool = False) -> None:
    """Have runs look again. One that has ended, or has not begun, needs it not; ``starts``: its workflow is started.

    Raises:
        RPCError: Temporal does not answer.
    """
    for run_id in run_ids:
        try:
            await client.get_workflow_handle(automation_workflow_id(run_id)).signal("poke", rpc_timeout=_SECONDS)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            if starts:
                await start(client, run_id)

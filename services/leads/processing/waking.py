"""Telling workflows of leads that they can go on, or that their lead has ended."""

from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import lead_workflow_id

_SECONDS = timedelta(seconds=5)


async def wake(client: Client, source_id: UUID, provider_id: str) -> None:
    """Have the workflow of a lead look again, if there is one.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        workflow = client.get_workflow_handle(lead_workflow_id(source_id, provider_id))
        await workflow.signal("wake", rpc_timeout=_SECONDS)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise

"""Waking the workflows that call customers back."""

from collections.abc import Iterable
from uuid import UUID

from temporalio.client import Client

from domain.ids import callback_workflow_id


async def wake(client: Client, queue: str, endpoint_ids: Iterable[UUID]) -> None:
    """Have the workflow of each endpoint look at what is due; one that has ended, or never was, is started.

    Raises:
        RPCError: Temporal does not answer.
    """
    for endpoint_id in endpoint_ids:
        await client.start_workflow(
            "CallbackWorkflow",
            str(endpoint_id),
            id=callback_workflow_id(endpoint_id),
            task_queue=queue,
            start_signal="wake",
        )

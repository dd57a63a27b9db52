"""Waking the workflows that deliver callbacks to customers."""

from collections.abc import Iterable
from uuid import UUID

from temporalio.client import Client

from domain.ids import callback_workflow_id
from runtime.search_attributes import attributes


async def wake(client: Client, queue: str, endpoint_ids: Iterable[UUID]) -> None:
    """Signal each endpoint's workflow to check for due deliveries; start it if it is not running.

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
            search_attributes=attributes(lane="callbacks"),
        )

"""Ends the batches of deleted accounts, also those that are paused or scheduled far ahead."""

from uuid import UUID, uuid5

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.batches.batch import BatchChange
from domain.ids import batch_workflow_id
from store.batches import batches
from store.batches import recovery as batch_recovery
from store.pool import Pool, long_transaction

_CODE, _REASON = "account_deleted", "the account is deleted"
_CHANGES = UUID("3d0a2c52-5c7e-5a0b-8f6c-6f6d0b0e7a11")


async def end_batches(pool: Pool, client: Client) -> None:
    """Cancel unstarted messages of deleted accounts' batches, and have their workflows cancel the rest."""
    for batch_id in await batch_recovery.of_deleted_accounts(pool):
        async with long_transaction(pool) as conn:
            await batches.cancel_pending(conn, batch_id, _CODE, _REASON)
        # A fixed change id: the workflow applies it once.
        change = BatchChange(str(uuid5(_CHANGES, str(batch_id))), "cancel")
        try:
            await client.get_workflow_handle(batch_workflow_id(batch_id)).signal("change", change)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # the sweep handles batches without a workflow
                raise

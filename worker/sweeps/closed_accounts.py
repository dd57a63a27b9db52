"""Ends the batches of deleted accounts, also those that are paused or scheduled far ahead."""

from temporalio.client import Client

from services.batches import cancel_for_account
from store.batches import batches
from store.batches import recovery as batch_recovery
from store.pool import Pool, long_transaction

_CODE, _REASON = "account_deleted", "the account is deleted"


async def end_batches(pool: Pool, client: Client) -> None:
    """Cancel unstarted messages of deleted accounts' batches, and have their workflows cancel the rest."""
    for batch_id in await batch_recovery.of_deleted_accounts(pool):
        async with long_transaction(pool) as conn:
            await batches.cancel_pending(conn, batch_id, _CODE, _REASON)
        await cancel_for_account(client, batch_id)

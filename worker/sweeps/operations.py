"""Starts the workflows of queued operations, and of those whose workflow was lost."""

from temporalio.client import Client

from services.operations.changing import ENDED, start_operation
from store.operations import operations
from store.pool import Pool

QUIET = 300.0
"""Seconds without progress after which an operation is started again, if its workflow does not run."""
_AT_A_TIME = 20


async def start_operations(pool: Pool, client: Client, quiet: float = QUIET) -> None:
    """Start what is to be started. One that runs is left alone.

    Raises:
        RPCError: Temporal does not answer.
    """
    for operation_id in await operations.to_start(pool, quiet, _AT_A_TIME):
        operation = await operations.find(pool, operation_id)
        if operation is not None and operation.state not in ENDED:
            await start_operation(client, operation)

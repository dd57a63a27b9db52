"""Batches that a second person must approve: they are stored paused, and begin or are cancelled by the decision."""

from temporalio.client import Client

from domain.access.approvals import Sensitive
from domain.errors import ConflictError, UnavailableError
from services.batches import change_batch
from store.access import approvals
from store.batches import queries
from store.pool import Pool

AT_A_TIME = 50


async def needed_for(pool: Pool, cost: int) -> Sensitive | None:
    """What a batch of that costs so many credits needs; ``None``: no approval."""
    return await approvals.exceeded(pool, [Sensitive("batch", cost)])


async def carry_out(pool: Pool, client: Client) -> None:
    """Begin the batches that were approved, and cancel those that were denied or have expired."""
    await approvals.expire(pool, AT_A_TIME)
    for approval in await approvals.decided_batches(pool, AT_A_TIME):
        assert approval.batch_id is not None
        batch = await queries.find(pool, approval.batch_id)
        try:
            if batch is not None:
                await change_batch(pool, client, batch, "resume" if approval.state == "approved" else "cancel")
        except ConflictError:  # it has ended meanwhile, cancelled by its sender
            pass
        except UnavailableError:  # its workflow has not begun: the next time
            continue
        await approvals.applied(pool, approval.id)

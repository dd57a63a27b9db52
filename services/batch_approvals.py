"""Batches and campaigns that a second person must approve: they wait, and begin or are cancelled by the decision."""

from temporalio.client import Client

from domain.access.approvals import Sensitive
from domain.audience.campaigns.run import CampaignChange
from domain.errors import ConflictError, UnavailableError
from services.batches import change_batch
from services.workflow_calls import change_workflow
from store.access import approvals
from store.audience.campaigns import approvals as campaign_approvals
from store.audience.campaigns import campaigns
from store.batches import queries
from store.pool import Pool

AT_A_TIME = 50


async def needed_for(pool: Pool, cost: int) -> Sensitive | None:
    """What a batch of that costs so many credits needs; ``None``: no approval."""
    return await approvals.exceeded(pool, [Sensitive("batch", cost)])


async def carry_out(pool: Pool, client: Client) -> None:
    """Begin the batches and campaigns that were approved, and cancel those that were denied or have expired."""
    await approvals.expire(pool, AT_A_TIME)
    await _carry_out_campaigns(pool, client)
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


async def _carry_out_campaigns(pool: Pool, client: Client) -> None:
    for approval_id, run_id, state in await campaign_approvals.decided(pool, AT_A_TIME):
        run = await campaigns.run(pool, run_id)
        try:
            if run is not None:
                change = CampaignChange(f"approval-{approval_id}", "approve" if state == "approved" else "cancel")
                await change_workflow(client, run.workflow_id, change)
        except ConflictError:  # it has ended meanwhile
            pass
        except UnavailableError:  # the next time
            continue
        await approvals.applied(pool, approval_id)

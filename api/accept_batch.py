"""Accepting a batch: stored in one transaction, then its workflow is started, then it is answered."""

from contextlib import suppress
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.accept import START_TIMEOUT
from api.batch_pages import NewBatch, page_size
from api.claimed import Claimed
from domain.batch import BatchHeader
from domain.channels import Channel
from domain.ids import batch_workflow_id
from domain.limits import BATCH_LIMITS
from store import batches, idempotency, routing
from store.pool import Pool
from workflows.policy import start_options


async def page_sizes(pool: Pool, account_id: int, channel: Channel) -> dict[str, int]:
    """How many messages a page has, by the gateway that is asked for; "": none is."""
    candidates = (await routing.candidates(pool, [account_id], channel))[account_id].candidates
    sizes = {c.identifier: page_size(c.per_second) for c in reversed(candidates)}
    sizes[""] = page_size(candidates[0].per_second if candidates else None)
    return sizes


async def accept_batch(pool: Pool, client: Client, batch: NewBatch, claimed: Claimed) -> bytes:
    """Store a batch, start its workflow, and return the answer's body.

    Raises:
        RPCError: Temporal does not answer; whether the batch was started is not known.
        ConflictError: another request with the same idempotency key is at work.
    """
    stored = batch.stored
    if claimed.place is not None and claimed.id != stored.id:  # an earlier try with this key stored nothing
        await idempotency.lead_to(pool, [idempotency.Lead(claimed.place, claimed.id, stored.id)])
    await batches.store(pool, stored, claimed.place, batch.answer)
    header = BatchHeader(
        str(stored.id), stored.account_id, stored.channel, stored.lane, stored.streams, limits=BATCH_LIMITS
    )
    await _start(client, header)
    return batch.answer


async def finish_batch(pool: Pool, client: Client, claimed: Claimed) -> bytes | None:
    """Finish what an earlier try with the same key began; ``None``: it stored nothing.

    Raises:
        RPCError: Temporal does not answer; whether the batch was started is not known.
    """
    header = None if claimed.prepared is None else await batches.header(pool, claimed.id)
    if header is None:
        return None
    await _start(client, header)
    return claimed.prepared


async def _start(client: Client, header: BatchHeader) -> None:
    with suppress(WorkflowAlreadyStartedError):  # a repeat of a request whose answer was lost
        await client.start_workflow(
            "BatchWorkflow",
            header,
            id=batch_workflow_id(UUID(header.batch_id)),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=START_TIMEOUT,
            **start_options(header.lane, header.account_id),
        )

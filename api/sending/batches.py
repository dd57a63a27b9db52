"""Accepting a batch: stored in one transaction, then its workflow is started, then it is answered."""

import asyncio
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from api.http.errors import OutcomeUnknownError, nothing_accepted, outcome_unknown
from api.http.idempotency import Claimed
from api.sending.batch_pages import NewBatch, page_size
from api.sending.starts import START_SECONDS, Starts
from domain.batches.batch import BatchHeader
from domain.channels import Channel
from domain.ids import batch_workflow_id
from domain.limits import BATCH_LIMITS
from store import idempotency
from store.batches import batches
from store.gateways import routing
from store.pool import Pool
from workflows.policy import start_options


async def page_sizes(pool: Pool, account_id: int, channel: Channel) -> dict[str, int]:
    """How many messages a page has, by the gateway that is asked for; "": none is."""
    candidates = (await routing.candidates(pool, [account_id], channel))[account_id].candidates
    sizes = {c.identifier: page_size(c.per_second) for c in reversed(candidates)}
    sizes[""] = page_size(candidates[0].per_second if candidates else None)
    return sizes


async def accept_batch(pool: Pool, starts: Starts, client: Client, batch: NewBatch, claimed: Claimed) -> bytes:
    """Store a batch, start its workflow, and return the answer's body.

    Raises:
        ApiError: 503, nothing was accepted.
        OutcomeUnknownError: Temporal did not answer; the repeat with the same idempotency key finds out.
        ConflictError: another request with the same idempotency key is at work.
    """
    stored = batch.stored
    if claimed.place is not None and claimed.id != stored.id:  # an earlier try with this key stored nothing
        await idempotency.bind_keys(pool, [idempotency.KeyBinding(claimed.place, claimed.id, stored.id)])
    async with starts.turn(stored.account_id, 0):  # its content waits in the database
        await batches.store(pool, stored, claimed.place, batch.answer)
        header = BatchHeader(
            str(stored.id), stored.account_id, stored.channel, stored.lane, stored.streams, limits=BATCH_LIMITS
        )
        try:
            await _start(client, header)
        except OutcomeUnknownError:
            # A batch that is taken back has nothing to send when it starts after all. One with a key is kept for the
            # repeat, which may be at work already.
            if claimed.place is None and await batches.forget_unstarted(pool, stored.id):
                raise nothing_accepted("Temporal did not answer in time") from None
            if claimed.place is not None:
                raise
    return batch.answer


async def finish_batch(pool: Pool, client: Client, claimed: Claimed) -> bytes | None:
    """Finish what an earlier try with the same key began; ``None``: it stored nothing.

    Raises:
        OutcomeUnknownError: Temporal does not answer; whether the batch was started is not known.
    """
    header = None if claimed.prepared is None else await batches.header(pool, claimed.id)
    if header is None:
        return None
    await _start(client, header)
    return claimed.prepared


async def _start(client: Client, header: BatchHeader) -> None:
    batch_id = UUID(header.batch_id)
    try:
        async with asyncio.timeout(START_SECONDS):
            await client.start_workflow(
                "BatchWorkflow",
                header,
                id=batch_workflow_id(batch_id),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=timedelta(seconds=START_SECONDS),
                **start_options(header.lane, header.account_id),
            )
    except WorkflowAlreadyStartedError:  # a repeat of a request whose answer was lost
        return
    except (TimeoutError, RPCError):
        raise outcome_unknown(batch_id) from None

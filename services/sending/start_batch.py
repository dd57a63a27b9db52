"""Starting the workflow of a stored batch, once, and how large the pages of a batch are."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.batches.batch import BatchHeader
from domain.channels import Channel
from domain.ids import batch_workflow_id
from domain.limits import BATCH_LIMITS
from services.sending.batch_pages import page_size
from store.batches import batches
from store.gateways import routing
from store.pool import Pool
from workflows.policy import start_options


async def page_sizes(pool: Pool, account_id: int, channel: Channel) -> dict[str, int]:
    """Messages per page, by requested gateway; "": none is requested."""
    candidates = (await routing.candidates(pool, [account_id], channel))[account_id].candidates
    sizes = {c.identifier: page_size(c.per_second) for c in reversed(candidates)}
    sizes[""] = page_size(candidates[0].per_second if candidates else None)
    return sizes


def header_of(batch: batches.NewBatch, *, paused: bool = False) -> BatchHeader:
    """The input of a new batch's workflow."""
    return BatchHeader(
        *(str(batch.id), batch.account_id, batch.channel, batch.lane, batch.streams, paused),
        limits=BATCH_LIMITS,
        key=batch.key,
    )


async def start_batch(client: Client, header: BatchHeader, seconds: float) -> None:
    """Start a stored batch's workflow, once.

    Raises:
        TimeoutError, RPCError: Temporal did not answer within ``seconds``; whether it was started is not known.
    """
    async with asyncio.timeout(seconds):
        with suppress(WorkflowAlreadyStartedError):  # a repeat of an interrupted request
            await client.start_workflow(
                "BatchWorkflow",
                header,
                id=batch_workflow_id(UUID(header.batch_id)),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=timedelta(seconds=seconds),
                **start_options(header.lane, header.account_id),
            )

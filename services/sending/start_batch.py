"""Starting the workflow of a stored batch, once."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.batches.batch import BatchHeader
from domain.ids import batch_workflow_id
from runtime.search_attributes import attributes
from workflows.policy import start_options


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
                search_attributes=attributes(channel=header.channel, lane=header.lane, account=header.account_id),
                **start_options(header.lane, header.account_id),
            )

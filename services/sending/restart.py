"""Restarting a page or a batch whose workflow has ended: under the same id, so that only one runs at a time."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.batches.batch import BatchHeader
from domain.ids import batch_workflow_id, send_workflow_id
from domain.limits import BATCH_LIMITS, PAGE_LIMITS
from domain.messages.page import PageHeader
from runtime.search_attributes import attributes
from services.sending.page_runs import RPC_TIMEOUT
from services.sending.page_start import PageStart
from workflows.policy import start_options


async def start_page(client: Client, header: PageHeader, content: bytes) -> bool:
    """Start a page whose workflow has ended. Returns whether it was started; ``False``: it is running already.

    Raises:
        RPCError: Temporal does not answer; whether it was started is not known.
    """
    workflow_id = send_workflow_id(UUID(header.page_id))
    limited = replace(header, limits=PAGE_LIMITS)
    return await _start(client, "SendWorkflow", [limited, content], workflow_id, header)


async def start_batch(client: Client, header: BatchHeader) -> bool:
    """The same for a batch."""
    limited = replace(header, limits=BATCH_LIMITS)
    return await _start(client, "BatchWorkflow", [limited], batch_workflow_id(UUID(header.batch_id)), header)


async def start_stored(client: Client, stored: BatchHeader | PageStart) -> bool:
    """The same for a batch or a page."""
    if isinstance(stored, PageStart):
        return await start_page(client, stored.header, stored.content)
    return await start_batch(client, stored)


async def _start(
    client: Client, workflow: str, arguments: list[Any], workflow_id: str, header: PageHeader | BatchHeader
) -> bool:
    try:
        await client.start_workflow(
            workflow,
            args=arguments,
            id=workflow_id,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            rpc_timeout=RPC_TIMEOUT,
            search_attributes=attributes(
                channel=header.channel,
                lane=header.lane,
                account=header.account_id,
                accounts=header.accounts if isinstance(header, PageHeader) else (),
            ),
            **start_options(header.lane, header.account_id),
        )
    except WorkflowAlreadyStartedError:
        return False
    return True

"""Starting the workflow of a page, once."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.ids import send_workflow_id
from domain.messages.page import PageHeader
from runtime.search_attributes import attributes

START_TIMEOUT = timedelta(seconds=10)


async def start_page(
    client: Client,
    page: PageHeader,
    content: bytes,
    *,
    task_queue: str,
    priority: Priority,
    rpc_timeout: timedelta = START_TIMEOUT,
) -> bool:
    """Start a page's workflow, once; returns whether it was started now. ``rpc_timeout``: for Temporal's answer.

    Raises:
        RPCError: Temporal does not answer; whether the page was started is not known.
    """
    with suppress(WorkflowAlreadyStartedError):  # a repeat of an interrupted request
        await client.start_workflow(
            "SendWorkflow",
            args=[page, content],
            id=send_workflow_id(UUID(page.page_id)),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=rpc_timeout,
            task_queue=task_queue,
            priority=priority,
            search_attributes=attributes(
                channel=page.channel, lane=page.lane, account=page.account_id, accounts=page.accounts
            ),
        )
        return True
    return False

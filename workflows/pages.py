"""Starting pages from workflows, and signalling running ones."""

from contextlib import suppress
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import send_workflow_id
    from domain.messages.page import PageHeader
    from workflows.search.attributes import child_attributes


async def start_page(page: PageHeader, content: str) -> None:
    """Start a page as an abandoned child; once, as its id is used once. ``content`` is its JSON text."""
    with suppress(WorkflowAlreadyStartedError):
        await workflow.start_child_workflow(
            "SendWorkflow",
            args=[page, content.encode()],
            id=send_workflow_id(UUID(page.page_id)),
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=child_attributes(
                channel=page.channel, lane=page.lane, account=page.account_id, accounts=page.accounts
            ),
            **policy.start_options(page.lane, page.account_id),
        )


async def signal_page(page_id: str, signal: str, uids: list[str]) -> None:
    """Signal a page, unless it has ended."""
    page = workflow.get_external_workflow_handle(send_workflow_id(UUID(page_id)))
    with suppress(ApplicationError):
        await page.signal(signal, uids)

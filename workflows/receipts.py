"""The workflow of what a provider posted."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import send_workflow_id
    from domain.receipts import Applied, Heard, ReceiptsSource, Reply


@workflow.defn
class ReceiptsWorkflow:
    """Applies the events of one post: receipts to the record, messages from people to what is still to come.

    A receipt can be faster than the record of the message it speaks of. It is parked here, and tried again.
    """

    @workflow.run
    async def run(self, source: ReceiptsSource, events: bytes) -> None:
        """Completes when all events are applied, or their messages did not become known in time."""
        if source.inbound:
            await self._hear(source, events)
        places: list[int] | None = None
        for pause in (0.0, *policy.EARLY_RECEIPT_PAUSES):
            if pause:
                await workflow.sleep(pause)
            applied: Applied = await workflow.execute_local_activity(
                "apply_receipts", args=[source, events, places], result_type=Applied, **policy.LOCAL
            )
            places = applied.unmatched
            if not places:
                return
        workflow.logger.info("%d of a post's events speak of messages that are not ours", len(places or ()))

    async def _hear(self, source: ReceiptsSource, events: bytes) -> None:
        heard: Heard = await workflow.execute_local_activity(
            "hear", args=[source, events], result_type=Heard, **policy.LOCAL
        )
        for page_id, uids in heard.withdrawn.items():
            await _withdraw(page_id, uids)
        await _answer(heard.replies)


async def _withdraw(page_id: str, uids: list[str]) -> None:
    """Tell a page of whom it shall not write to. One that has ended needs no word."""
    page = workflow.get_external_workflow_handle(send_workflow_id(UUID(page_id)))
    with suppress(ApplicationError):
        await page.signal("opted_out", uids)


async def _answer(replies: Iterable[Reply]) -> None:
    for reply in replies:
        options = policy.start_options(reply.page.lane, reply.page.account_id)
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                "SendWorkflow",
                args=[reply.page, reply.content.encode()],
                id=send_workflow_id(UUID(reply.page.page_id)),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                **options,
            )

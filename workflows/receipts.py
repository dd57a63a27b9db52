"""The workflow of what a provider posted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.receipts import Applied, ReceiptsSource


@workflow.defn
class ReceiptsWorkflow:
    """Applies the events of one post.

    A receipt can be faster than the record of the message it speaks of. It is parked here, and tried again.
    """

    @workflow.run
    async def run(self, source: ReceiptsSource, events: bytes) -> None:
        """Completes when all events are applied, or their messages did not become known in time."""
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

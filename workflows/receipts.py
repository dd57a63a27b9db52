"""The workflow of what a provider posted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.lanes import Lane
    from domain.messages.receipts import Applied, InboundResult, Position, ReceiptsSource
    from workflows.pages import start_page, tell_page
    from workflows.waking import wake


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
        for pause in (0.0, *source.pauses):
            if pause:
                await workflow.sleep(pause)
            applied: Applied = await workflow.execute_local_activity(
                "apply_receipts", args=[source, events, places], result_type=Applied, **policy.LOCAL
            )
            for page_id, uids in applied.awaited.items():
                await tell_page(page_id, "reported", uids)
            await wake(applied.endpoints, Lane.TRANSACTIONAL)
            places = applied.unmatched
            if not places:
                return
        workflow.logger.info("%d of a post's events speak of messages that are not ours", len(places or ()))

    async def _hear(self, source: ReceiptsSource, events: bytes) -> None:
        at: Position | None = Position(0)
        while at is not None:
            at = await self._hear_from(source, events, at)

    async def _hear_from(self, source: ReceiptsSource, events: bytes, at: Position) -> Position | None:
        result: InboundResult = await workflow.execute_local_activity(
            "hear", args=[source, events, at], result_type=InboundResult, **policy.LOCAL
        )
        for page_id, uids in result.withdrawn.items():
            await tell_page(page_id, "opted_out", uids)
        for reply in result.replies:
            await start_page(reply.page, reply.content)
        await wake(result.endpoints, Lane.TRANSACTIONAL)
        return result.rest

"""The workflow for events that providers posted."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.lanes import Lane
    from domain.messages.receipts import Applied, InboundResult, Position, ReceiptsSource
    from workflows.pages import signal_page, start_page
    from workflows.waking import wake


@workflow.defn
class ReceiptsWorkflow:
    """Applies the events of webhook requests: receipts to messages, inbound messages to opt-outs and replies.

    Requests with receipts alone may share a workflow. A receipt can arrive before its message is recorded. It is kept
    here, and tried again.
    """

    @workflow.run
    async def run(self, source: ReceiptsSource, events: bytes) -> None:
        """Completes when all events are applied, or their messages were not recorded in time."""
        if source.inbound:
            await self._process_inbound(source, events)
        places: list[int] | None = None
        for pause in (0.0, *source.pauses):
            if pause:
                await workflow.sleep(pause)
            places = await self._apply(source, events, places)
            if not places:
                return
        workflow.logger.info("%d events of webhook requests refer to unknown messages", len(places or ()))

    async def _apply(self, source: ReceiptsSource, events: bytes, places: list[int] | None) -> list[int]:
        """Apply the events at these places (``None``: all). Returns the places of those whose message is unknown."""
        unmatched: list[int] = []
        while True:
            applied: Applied = await workflow.execute_local_activity(
                "apply_receipts", args=[source, events, places], result_type=Applied, **policy.LOCAL
            )
            for page_id, uids in applied.awaited.items():
                await signal_page(page_id, "reported", uids)
            await wake(applied.endpoints, Lane.TRANSACTIONAL)
            unmatched += applied.unmatched
            places = applied.rest
            if not places:
                return unmatched

    async def _process_inbound(self, source: ReceiptsSource, events: bytes) -> None:
        at: Position | None = Position(0)
        while at is not None:
            at = await self._process_inbound_from(source, events, at)

    async def _process_inbound_from(self, source: ReceiptsSource, events: bytes, at: Position) -> Position | None:
        result: InboundResult = await workflow.execute_local_activity(
            "hear", args=[source, events, at], result_type=InboundResult, **policy.LOCAL
        )
        for page_id, uids in result.withdrawn.items():
            await signal_page(page_id, "opted_out", uids)
        for reply in result.replies:
            await start_page(reply.page, reply.content)
        await wake(result.endpoints, Lane.TRANSACTIONAL)
        return result.rest

"""The workflow of a customer's endpoint: posts due deliveries, and waits for later ones."""

from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.history as history
    import workflows.policy as policy
    from domain.callbacks import CallbackRest


@workflow.defn
class CallbackWorkflow:
    """Delivers callbacks to one endpoint. Deliveries are in the database; this knows when the next one is due."""

    @workflow.init
    def __init__(self, endpoint_id: str) -> None:
        self._is_woken = False

    @workflow.run
    async def run(self, endpoint_id: str) -> None:
        """Completes when no deliveries are left, or the endpoint is disabled. The next event starts it again."""
        while True:
            if history.wants_fresh_run():
                workflow.continue_as_new(endpoint_id)
            self._is_woken = False
            rest: CallbackRest = await workflow.execute_activity(
                "deliver_callbacks", endpoint_id, result_type=CallbackRest, **policy.DELIVERY
            )
            if rest.quiet_until > workflow.time():
                await workflow.sleep(rest.quiet_until - workflow.time())
            elif not rest.next_at and not self._is_woken:
                return
            await self._until(rest.next_at)

    @workflow.signal
    def wake(self) -> None:
        """New deliveries are queued."""
        self._is_woken = True

    async def _until(self, next_at: float) -> None:
        pause = next_at - workflow.time()
        if next_at and pause > 0:
            with suppress(TimeoutError):
                await workflow.wait_condition(lambda: self._is_woken, timeout=pause)

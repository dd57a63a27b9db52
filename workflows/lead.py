"""The workflows of leads: they keep the time. What a lead is, and how it stands, is in the database."""

import asyncio
from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.history as history
    import workflows.policy as policy
    from domain.leads.rest import LeadRest, LeadStart
    from workflows.search.attributes import show_outcome


@workflow.defn
class LeadWorkflow:
    """Takes a lead from its source to its contact, however long the source cannot be reached."""

    def __init__(self) -> None:
        self._rest = LeadRest()
        self._is_woken = False

    @workflow.run
    async def run(self, start: LeadStart) -> None:
        """Completes when the lead has ended."""
        while True:
            self._is_woken = False
            self._rest = await workflow.execute_activity("take_lead", start.lead, result_type=LeadRest, **policy.LEAD)
            show_outcome(self._rest.outcome)
            if self._rest.is_over:
                return
            if history.wants_fresh_run():
                workflow.continue_as_new(start)
            await self._wait(self._rest.again_at)

    @workflow.signal
    def wake(self) -> None:
        """The lead can go on, or has: its source is mended, or somebody ended it."""
        self._is_woken = True

    @workflow.query
    def standing(self) -> LeadRest:
        """How the lead stood when it was looked at last."""
        return self._rest

    async def _wait(self, again_at: float | None) -> None:
        if again_at is None:
            await workflow.wait_condition(lambda: self._is_woken)
            return
        seconds = again_at - workflow.now().timestamp()
        if seconds > 0:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._is_woken, timeout=seconds)


@workflow.defn
class LeadSourceWorkflow:
    """Has the leads of a source go on that waited for it, in their order, and gets those that were missed."""

    def __init__(self) -> None:
        self._is_woken = False

    @workflow.run
    async def run(self, source_id: str) -> None:
        """Completes when nothing is left; the next time it is started anew."""
        while True:
            self._is_woken = False
            is_done = await workflow.execute_activity("catch_up_leads", source_id, result_type=bool, **policy.OPERATION)
            if is_done and not self._is_woken:
                return
            if history.wants_fresh_run():
                workflow.continue_as_new(source_id)

    @workflow.signal
    def wake(self) -> None:
        """The source was mended meanwhile: look again."""
        self._is_woken = True

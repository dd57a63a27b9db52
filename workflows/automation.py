"""The workflow of a contact in an automation: it keeps the time. What is done is in the database (decision 0040).

It knows no kind of step, so it replays on builds that know more of them. It calls no local activities, so signals and
timers need none of the care that pages take (workflows/history.py).
"""

import asyncio
from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.history as history
    import workflows.policy as policy
    from domain.automations.rest import Rest, RunStart
    from workflows.search.attributes import show_outcome


@workflow.defn
class AutomationWorkflow:
    """Looks whether a run went on that was due, and has it go on if not (services/automations/runs)."""

    def __init__(self) -> None:
        self._rest = Rest()
        self._is_woken = False
        self._has_ended = False

    @workflow.run
    async def run(self, start: RunStart) -> None:
        """Completes when the run has ended."""
        while not self._has_ended:
            self._is_woken = False
            self._rest = await workflow.execute_activity(
                "go_on_with_run", start.run or start.run_id, result_type=Rest, **policy.OPERATION
            )
            if self._rest.is_over:
                show_outcome(self._rest.outcome)
                return
            if history.wants_fresh_run():
                workflow.continue_as_new(start)
            await self._wait(self._rest.until)

    @workflow.signal
    def poke(self) -> None:
        """Something may have happened: the run looks again. More is in the database."""
        self._is_woken = True

    @workflow.signal
    def end(self) -> None:
        """The run has ended: there is nothing to look at any more."""
        self._has_ended = self._is_woken = True

    @workflow.query
    def where(self) -> Rest:
        """How it stood when it took its last steps."""
        return self._rest

    async def _wait(self, until: float | None) -> None:
        if until is None:
            await workflow.wait_condition(lambda: self._is_woken)
            return
        seconds = until - workflow.now().timestamp()
        if seconds > 0:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._is_woken, timeout=seconds)

"""The campaign workflow: has people taken and batches stored, a few ahead of what is sent, and decides what comes next.

It calls no local activities, so signals and timers need none of the care that pages take (workflows/history.py).
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.history as history
    import workflows.policy as policy
    from domain.audience.campaigns.run import (
        REST,
        CampaignChange,
        CampaignProgress,
        CampaignRun,
        CampaignStart,
        CampaignState,
        Part,
        Slice,
        SliceRequest,
        Taken,
    )
    from domain.batches.batch import BatchChange, BatchChangeKind, BatchHeader
    from domain.ids import batch_workflow_id
    from workflows.answers import Answers
    from workflows.search.attributes import child_attributes, raise_outcome

_AHEAD = 2
"""Batches that are stored or sent at a time: what waits in the database would not see a change of its audience."""
_FIRST_LOOK, _LAST_LOOK = 1.0, 60.0
"""Seconds between two looks whether the last batches have ended."""

Child = ChildWorkflowHandle[Any, None]


@workflow.defn
class CampaignWorkflow:
    """Sends a campaign once. It knows batches, never people or messages."""

    @workflow.init
    def __init__(self, start: CampaignStart) -> None:
        progress = start.progress
        self._start = start
        self._run: CampaignRun | None = progress.run if progress else None
        self._stage = progress.stage if progress else 0
        self._began = progress.began if progress else 0.0
        self._slices = progress.slices if progress else 0
        self._winner = progress.winner if progress else ""
        self._is_decided = progress.is_decided if progress else False
        self._paused = False
        self._gateway = progress.gateway if progress else ""
        self._next_at = progress.next_at if progress else 0.0
        self._answers = Answers(progress.answers if progress else {})
        self._cancelled = False
        self._asked_again = False
        """Whether something was approved, so that it is worth to ask whether it may begin."""
        self._state = "scheduled"
        self._open: set[str] = set()
        """Batches that have not ended."""
        self._children: dict[str, Child] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @workflow.run
    async def run(self, start: CampaignStart) -> None:
        """Completes when each of its messages has an outcome in the database."""
        resumed = self._run is not None
        if self._run is None:
            self._run = await self._do("begin_campaign", start, CampaignRun | None)
            if self._run is None:
                return
        failure = ""
        if not resumed:
            failure = await self._prepare(self._run)
        if not (failure or self._cancelled):
            await self._show("running")
            await self._send(self._run)
        await self._end(failure)

    @workflow.query
    def answer_to(self, change_id: str) -> str | None:
        """The result of a change: "" applied; else why it was refused; ``None``: not processed yet."""
        return self._answers.get(change_id)

    @workflow.signal
    def change(self, request: CampaignChange) -> None:
        """Change the campaign; ``answer_to`` returns the result."""
        self._apply(request)

    def _apply(self, change: CampaignChange) -> None:
        if not self._answers.begin(change.id):
            return
        if self._cancelled and change.kind != "cancel":
            self._answers.give(change.id, "the campaign is being cancelled")
            return
        match change.kind:
            case "pause" | "resume":
                self._paused = change.kind == "pause"
            case "cancel":
                self._cancelled, self._paused = True, False
            case "switch_gateway":
                self._gateway = change.gateway
            case "approve":
                self._asked_again = True
        if change.kind != "approve":
            for batch_id, child in self._children.items():
                self._keep(self._steer(child, BatchChange(f"{change.id}-{batch_id}", change.kind, change.gateway)))
            self._keep(self._show_now())
        self._answers.give(change.id)

    async def _prepare(self, run: CampaignRun) -> str:
        """Wait until it is due and approved. Returns why it cannot be sent, if so."""
        taken = await self._take(run) if run.takes_people_at_once else None
        await self._wait(run.due)
        if self._cancelled:
            return ""
        taken = taken or await self._take(run)
        if taken.failure:
            return taken.failure
        waits = taken.needs_approval
        while waits and not self._cancelled:
            await self._show("approval")
            await workflow.wait_condition(lambda: self._asked_again or self._cancelled)
            self._asked_again = False
            waits = await self._do("campaign_needs_approval", run.run_id, bool)
        return ""

    async def _take(self, run: CampaignRun) -> Taken:
        taken: Taken = await self._do("take_campaign_people", run.run_id, Taken)
        return taken

    async def _send(self, run: CampaignRun) -> None:
        self._began = self._began or workflow.now().timestamp()
        while self._stage < len(run.parts) and not self._cancelled:
            await self._send_part(run, run.parts[self._stage])
            self._stage += 1
        if not run.decide_after:
            return
        if not self._is_decided:
            await self._decide(run)
        if not self._cancelled:
            await self._show("running")
            await self._send_part(run, Part(REST, self._winner))

    async def _decide(self, run: CampaignRun) -> None:
        """Wait until the variants were tested, and find out which one the rest gets."""
        await self._show("testing")
        await self._wait(self._began + run.decide_after)
        if not self._cancelled:
            self._winner = await self._do("decide_campaign", run.run_id, str)
            self._is_decided = True

    async def _send_part(self, run: CampaignRun, part: Part) -> None:
        is_last = False
        while not is_last:
            await self._turn(run)
            if self._cancelled:
                return
            wanted = SliceRequest(run.run_id, self._slices + 1, part, self._gateway, self._paused)
            made: Slice = await self._do("store_campaign_slice", wanted, Slice)
            self._slices += 1
            is_last = made.is_last
            if made.batch is not None:
                self._open.add(made.batch.batch_id)
                self._keep(self._watch(made.batch, wanted))
            if run.per_minute:
                self._next_at = max(self._next_at, workflow.now().timestamp()) + 60.0 * made.size / run.per_minute

    async def _turn(self, run: CampaignRun) -> None:
        """Wait until the next batch may be stored."""
        if history.wants_fresh_run():
            await workflow.wait_condition(lambda: self._cancelled or not (self._paused or self._open or self._tasks))
            if not self._cancelled:
                workflow.continue_as_new(self._next_start(run))
        await self._wait(self._next_at)
        await workflow.wait_condition(lambda: self._cancelled or (not self._paused and len(self._open) < _AHEAD))

    async def _wait(self, until: float) -> None:
        """Wait until a time (Unix seconds), or until it is cancelled."""
        seconds = until - workflow.now().timestamp()
        if seconds > 0:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._cancelled, timeout=seconds)

    async def _watch(self, batch: BatchHeader, wanted: SliceRequest) -> None:
        """Start a batch, and wait for its end. What was changed while it was being started is passed on to it."""
        try:
            child = await workflow.start_child_workflow(
                "BatchWorkflow",
                batch,
                id=batch_workflow_id(UUID(batch.batch_id)),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=child_attributes(channel=batch.channel, lane=batch.lane, account=batch.account_id),
                **policy.start_options(batch.lane, batch.account_id),
            )
            self._children[batch.batch_id] = child
            for change in self._missed(batch.batch_id, wanted):
                await self._steer(child, change)
            await child
        except WorkflowAlreadyStartedError:
            workflow.logger.warning("a batch was sent before: the campaign was reset")
        except ChildWorkflowError as error:
            workflow.logger.warning("the workflow of a batch failed: %s", error.cause)
            raise_outcome("failed")
        finally:
            self._open.discard(batch.batch_id)
            self._children.pop(batch.batch_id, None)

    def _missed(self, batch_id: str, wanted: SliceRequest) -> list[BatchChange]:
        if self._cancelled:
            return [BatchChange(f"cancel-{batch_id}", "cancel")]
        missed: list[BatchChange] = []
        if self._paused != wanted.paused:
            kind: BatchChangeKind = "pause" if self._paused else "resume"
            missed.append(BatchChange(f"{kind}-{self._slices}-{batch_id}", kind))
        if self._gateway != wanted.gateway:
            missed.append(BatchChange(f"gateway-{self._slices}-{batch_id}", "switch_gateway", self._gateway))
        return missed

    @staticmethod
    async def _steer(child: Child, change: BatchChange) -> None:
        with suppress(ApplicationError):  # it has ended
            await child.signal("change", change)

    async def _end(self, failure: str) -> None:
        await workflow.wait_condition(lambda: not self._open and not self._tasks)
        state = "failed" if failure else "cancelled" if self._cancelled else "completed"
        assert self._run is not None, "it has begun"
        pause = _FIRST_LOOK
        while not await self._do("finish_campaign", CampaignState(self._run.run_id, state, failure), bool):
            await workflow.sleep(pause)
            pause = min(_LAST_LOOK, 2 * pause)

    def _next_start(self, run: CampaignRun) -> CampaignStart:
        progress = CampaignProgress(
            run,
            self._began,
            self._stage,
            self._slices,
            self._winner,
            self._is_decided,
            self._gateway,
            self._next_at,
            self._answers.carried,
        )
        return CampaignStart(self._start.campaign_id, self._start.account_id, self._start.run_id, progress)

    async def _show(self, state: str) -> None:
        self._state = state
        await self._show_now()

    async def _show_now(self) -> None:
        if self._run is not None and not self._cancelled:
            state = CampaignState(self._run.run_id, "paused" if self._paused else self._state)
            await self._do("show_campaign", state, type(None))

    async def _do(self, name: str, argument: Any, answer: Any) -> Any:
        return await workflow.execute_activity(name, argument, result_type=answer, **policy.OPERATION)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

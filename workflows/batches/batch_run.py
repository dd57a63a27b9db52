"""A run of a batch: starts its pages, a few at a time, and processes external events one after the other."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.batches.batch import BatchChange, BatchHeader, BatchPage, BatchState, BatchStatus, PageList
    from domain.ids import batch_page_id, send_workflow_id
    from domain.limits import BATCH_LIMITS
    from domain.messages.new_page import new_stored_page
    from domain.messages.page import PageHeader
    from workflows.answers import Answers
    from workflows.batches.batch_pages import BatchPages, Child, resume_pages
    from workflows.history import NEVER, EventCount, Inbox, RecordedClock
    from workflows.search.attributes import child_attributes, raise_outcome
    from workflows.waking import wake

# About how many events each makes, with the workflow tasks around it.
_A_PAGE, _A_STATEMENT, _A_TIMER, _A_CHANGE = 12, 2, 5, 6

_FIRST_CHECK, _LAST_CHECK = 1.0, 60.0
"""Seconds between two checks whether pages of an earlier run have ended."""


class BatchRun:
    """Streams of the batch progress independently, so that a gateway that is down or slow delays only the messages
    meant for it.
    """

    def __init__(self, batch: BatchHeader) -> None:
        self._batch = batch
        self._limits = batch.limits or BATCH_LIMITS
        self._inbox = Inbox()
        self._clock = RecordedClock(self._inbox)
        self._events = EventCount(self._limits.events)
        self._next = [stream.next for stream in batch.streams]
        """For each stream, the number of its next page."""
        self._listed: list[list[BatchPage]] = [[] for _ in batch.streams]
        """For each stream, its next pages, as listed."""
        self._due = [0.0 for _ in batch.streams]
        """For each stream, when its next page is due, if it waits for that."""
        self._window = max(2, self._limits.pages_in_flight // max(1, len(batch.streams)))
        self._pages = BatchPages(batch.in_flight)
        self._check_pause = _FIRST_CHECK
        self._paused = batch.paused
        self._gateway = batch.gateway
        self._cancelling = False
        self._answers = Answers(batch.answers)
        self._changes: list[BatchChange] = []
        """Changes that have not been applied."""
        self._recorded_state = ""
        self._signals_pending = 0
        """Signals to pages that the server has not accepted yet."""
        self._in_grace = self._grace_ended = False
        """Whether this run, having a long history, waits for its pages to end, or has waited long enough."""
        for change in batch.changes:
            self.receive(change)
        if self._pages.followed:
            self._inbox.put_after(self._check_pause, self._check_ended_pages)

    async def run(self) -> None:
        """Send the batch; returns when each of its messages has an outcome in the database."""
        working = asyncio.create_task(self._work())
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            self._inbox.put(self._cancel)
            await working
            raise

    def status(self) -> BatchStatus:
        """What the batch is doing, and what it waits for."""
        waiting = [due for due in self._due if due]
        until = min(waiting) if waiting and not self._pages.ids else 0.0
        return BatchStatus(self._state(), until, self._gateway, self._pages.ids)

    def answer_to(self, change_id: str) -> str | None:
        """The result of a change."""
        return self._answers.get(change_id)

    @property
    def is_cancelling(self) -> bool:
        """Whether the batch is being cancelled, and accepts no other change."""
        return self._cancelling

    def receive(self, change: BatchChange) -> None:
        """Put a change into the inbox."""
        if self._answers.begin(change.id):
            self._changes.append(change)
            self._inbox.put(partial(self._apply_change, change))

    async def _work(self) -> None:
        while True:
            await self._record_state()
            await self._start_pages()
            await self._record_state()
            if self._is_done():
                break
            if self._wants_fresh_run():
                workflow.continue_as_new(self._next_header())
            self._events.add(_A_TIMER)
            self._clock.wake_at(min((due for due in self._due if due), default=NEVER))
            await self._inbox.take()
        ending = BatchState(self._batch.batch_id, "cancelled" if self._cancelling else "completed")
        await workflow.execute_local_activity("finish_batch", ending, **policy.LOCAL)
        if self._cancelling:
            await self._queue_callbacks()

    async def _queue_callbacks(self) -> None:
        """Queue callbacks for messages that were cancelled here: they have no page that would."""
        endpoints: list[str] = await workflow.execute_activity(
            "queue_callbacks", self._batch.batch_id, result_type=list[str], **policy.errand_options(self._batch.lane)
        )
        await wake(endpoints, self._batch.lane)

    def _is_done(self) -> bool:
        """Whether nothing is left to do. Pending signals would be lost with the end of the run."""
        if self._pages.ids or self._signals_pending:
            return False
        return self._cancelling or not self._is_left()

    def _is_left(self) -> bool:
        return any(next_ <= stream.last for next_, stream in zip(self._next, self._batch.streams, strict=True))

    def _wants_fresh_run(self) -> bool:
        """When the history is long, and pages in flight have had a moment to end; the next run polls for the others."""
        if self._cancelling or not self._events.reached():
            return False
        if not self._in_grace:
            self._in_grace = True
            self._inbox.put_after(self._limits.rest, self._end_grace)
        if self._pages.are_starting or self._signals_pending:
            return False
        return self._grace_ended or not self._pages.ids

    async def _end_grace(self) -> None:
        self._grace_ended = True

    def _next_header(self) -> BatchHeader:
        streams = [replace(stream, next=next_) for next_, stream in zip(self._next, self._batch.streams, strict=True)]
        return replace(
            self._batch,
            streams=streams,
            paused=self._paused,
            gateway=self._gateway,
            limits=BATCH_LIMITS,
            in_flight=self._pages.carried,
            answers=self._answers.carried,
            changes=self._changes,
        )

    async def _start_pages(self) -> None:
        for stream in range(len(self._next)):
            while not (self._cancelling or self._paused or self._events.reached()):
                page = await self._next_page(stream)
                if page is None or self._pages.count(stream) >= self._window:
                    break
                self._due[stream] = page.due if page.due > self._clock.now() else 0.0
                if self._due[stream]:
                    break
                self._listed[stream].pop(0)
                self._next[stream] = page.number + 1
                self._start(stream, page)

    async def _next_page(self, stream: int) -> BatchPage | None:
        last = self._batch.streams[stream].last
        first = self._next[stream]
        if first <= last and not self._listed[stream]:
            self._events.add(_A_STATEMENT)
            wanted = PageList(self._batch.batch_id, first, min(last, first + self._limits.pages_listed - 1))
            self._listed[stream] = await workflow.execute_local_activity(
                "list_pages", wanted, result_type=list[BatchPage], **policy.LOCAL
            )
            if not self._listed[stream]:  # the batch was reset after its end
                self._next[stream] = last + 1
        return self._listed[stream][0] if self._listed[stream] else None

    def _start(self, stream: int, page: BatchPage) -> None:
        """Have a page sent by its own child workflow."""
        self._events.add(_A_PAGE)
        page_id = batch_page_id(UUID(self._batch.batch_id), page.number)
        batch, of_stream = self._batch, self._batch.streams[stream]
        gateway = self._gateway or of_stream.gateway
        header = new_stored_page(
            page_id, batch.account_id, batch.channel, batch.lane, page.size, gateway, batch.key, of_stream.sender
        )
        self._pages.starts(header.page_id, stream)
        self._inbox.run(self._send(header, self._gateway))

    async def _send(self, page: PageHeader, gateway: str) -> None:
        has_failed = False
        try:
            child = await workflow.start_child_workflow(
                "SendWorkflow",
                args=[page, b""],
                id=send_workflow_id(UUID(page.page_id)),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=child_attributes(channel=page.channel, lane=page.lane, account=page.account_id),
                **policy.start_options(self._batch.lane, self._batch.account_id),
            )
            self._inbox.put(partial(self._started, page.page_id, child, gateway))
            await child
        except WorkflowAlreadyStartedError:
            workflow.logger.warning("a page was sent before: the batch was reset")
        except ChildWorkflowError as error:
            if not self._cancelling:
                workflow.logger.warning("a page's workflow failed: %s", error.cause)
                has_failed = True
        self._inbox.put(partial(self._ended, page.page_id, has_failed))

    async def _started(self, page_id: str, child: Child, gateway: str) -> None:
        """Signal a page the changes that came while it was being started."""
        self._pages.started(page_id, child)
        if self._cancelling:
            child.cancel()
        if self._paused:
            self._signal(self._pages.signal_one(child, "pause"))
        if self._gateway != gateway:
            self._signal(self._pages.signal_one(child, "switch_gateway", self._gateway))

    async def _ended(self, page_id: str, has_failed: bool) -> None:
        self._pages.ended(page_id)
        if has_failed:
            raise_outcome("failed")

    async def _check_ended_pages(self) -> None:
        """Query the database which pages of an earlier run have ended."""
        self._events.add(_A_TIMER + _A_STATEMENT)
        still: list[str] = await workflow.execute_local_activity(
            "open_pages", self._pages.followed, result_type=list[str], **policy.LOCAL
        )
        if self._paused:  # a paused page waits even if all its messages have an outcome
            self._signal(resume_pages([page_id for page_id in self._pages.followed if page_id not in still]))
        self._pages.keep(still)
        self._check_pause = min(_LAST_CHECK, 2 * self._check_pause)
        if self._pages.followed:
            self._inbox.put_after(self._check_pause, self._check_ended_pages)

    async def _apply_change(self, change: BatchChange) -> None:
        self._events.add(_A_CHANGE)
        self._changes.remove(change)
        if self._cancelling and change.kind != "cancel":
            self._answers.give(change.id, "the batch is being cancelled")
            return
        if change.kind == "cancel":
            await self._cancel()
        elif change.kind == "switch_gateway":
            self._gateway = change.gateway
            self._signal(self._pages.signal("switch_gateway", change.gateway))
        else:
            self._paused = change.kind == "pause"
            self._signal(self._pages.signal(change.kind))
        await self._record_state()
        self._answers.give(change.id)

    async def _cancel(self) -> None:
        self._cancelling = True
        self._signal(self._pages.withdraw())

    def _signal(self, signalling: Awaitable[None]) -> None:
        """Await signals to pages; the run neither ends nor continues as new before they are delivered."""
        self._signals_pending += 1

        async def watch() -> None:
            await signalling
            self._inbox.put(self._signal_delivered)

        self._inbox.run(watch())

    async def _signal_delivered(self) -> None:
        self._signals_pending -= 1

    def _state(self) -> str:
        if self._cancelling:
            return "cancelling"
        if self._paused:
            return "paused"
        return "scheduled" if any(self._due) and not self._pages.ids else "running"

    async def _record_state(self) -> None:
        """Record what the batch is doing, where that has changed."""
        state = self._state()
        if state != self._recorded_state:
            self._recorded_state = state
            self._events.add(_A_STATEMENT)
            await workflow.execute_local_activity("show_batch", BatchState(self._batch.batch_id, state), **policy.LOCAL)

"""The workflow of a batch: walks a stored list of messages page by page, a few pages under way at a time."""

import asyncio
from dataclasses import replace
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.batch import BatchChange, BatchHeader, BatchPage, BatchState, BatchStatus, PageList
    from domain.ids import batch_page_id, send_workflow_id
    from domain.limits import BATCH_LIMITS, PAGE_LIMITS, UNSTATED_BATCH_LIMITS
    from domain.page import PageHeader
    from workflows.answers import Answers
    from workflows.batch_pages import BatchPages, Child
    from workflows.history import EventCount, RecordedClock, wait_at_most
    from workflows.waking import wake

# About how many events each makes, with the workflow tasks around it.
_A_PAGE, _A_STATEMENT, _A_WAIT, _A_CHANGE = 12, 4, 6, 10

_FIRST_LOOK, _LAST_LOOK = 1.0, 60.0
"""Seconds between two looks at whether pages of an earlier run have ended."""


@workflow.defn
class BatchWorkflow:
    """Walks a batch. It knows pages, never messages: what became of those is in the record.

    Each stream of the batch is walked by itself, so that a gateway that is down or slow holds up only what was meant
    for it. Works for any list that is stored as a batch.
    """

    @workflow.init
    def __init__(self, batch: BatchHeader) -> None:
        recorded = batch.limits is not None
        self._batch = batch
        self._limits = batch.limits or UNSTATED_BATCH_LIMITS
        self._clock = RecordedClock(recorded=recorded)
        self._events = EventCount(self._limits.events, recorded=recorded)
        self._next = [stream.next for stream in batch.streams]
        """For each stream, the page whose turn is next."""
        self._due = [0.0 for _ in batch.streams]
        """For each stream, when that page is due, if it waits for that."""
        self._window = max(2, self._limits.pages_in_flight // max(1, len(batch.streams)))
        self._pages = BatchPages(batch.in_flight)
        self._sending: set[asyncio.Task[None]] = set()
        self._paused = batch.paused
        self._gateway = batch.gateway
        self._cancelling = False
        self._is_over = False
        self._is_looking = False
        """Whether the store is just being asked about pages of an earlier run."""
        self._answers = Answers(batch.answers)
        self._shown = ""
        self._showing = asyncio.Lock()

    @workflow.run
    async def run(self, batch: BatchHeader) -> None:
        """Walk the batch; completes when each of its messages has an outcome in the record.

        Cancelled by an operator, it ends as by the change ``cancel``.
        """
        walking = asyncio.create_task(self._walk_all())
        try:
            await asyncio.shield(walking)
        except asyncio.CancelledError:
            self._cancelling = True
            await self._pages.withdraw()
            await walking
            raise

    @workflow.query
    def status(self) -> BatchStatus:
        """What the batch is doing, and what it waits for."""
        waiting = [due for due in self._due if due]
        until = min(waiting) if waiting and not self._pages.ids else 0.0
        return BatchStatus(self._state(), until, self._gateway, self._pages.ids)

    @workflow.query
    def answer_to(self, change_id: str) -> str | None:
        """What became of a change: "" it was done; the reason why it was refused; ``None``: nothing yet."""
        return self._answers.get(change_id)

    @workflow.signal
    async def change(self, request: BatchChange) -> None:
        """Change the batch; ``answer_to`` tells what came of it."""
        self._events.add(_A_CHANGE)
        if not self._answers.begin(request.id):
            return
        if self._cancelling and request.kind != "cancel":
            self._answers.give(request.id, "the batch is being cancelled")
            return
        match request.kind:
            case "pause":
                await self._pause(True)
            case "resume":
                await self._pause(False)
            case "cancel":
                await self._cancel()
            case "switch_gateway":
                await self._switch_gateway(request.gateway)
        self._answers.give(request.id)

    # The same as updates, for callers and histories of before: these are not safe beside local activities.

    @workflow.update
    async def pause(self) -> None:
        """Start no more; what is at a gateway gets its outcome."""
        await self._pause(True)

    @workflow.update
    async def resume(self) -> None:
        """Go on after ``pause``."""
        await self._pause(False)

    @workflow.update
    async def cancel(self) -> None:
        """Cancel everything that has not left, and release its credit."""
        await self._cancel()

    @workflow.update
    async def switch_gateway(self, identifier: str) -> None:
        """Send everything still to come through another gateway."""
        await self._switch_gateway(identifier)

    @pause.validator
    @resume.validator
    def _may_change(self) -> None:
        if self._cancelling:
            raise ApplicationError("the batch is being cancelled", type="NotWaiting")

    @switch_gateway.validator
    def _may_switch(self, identifier: str) -> None:
        self._may_change()

    async def _pause(self, paused: bool) -> None:
        self._paused = paused
        await self._pages.signal("pause" if paused else "resume")
        await self._show()

    async def _cancel(self) -> None:
        self._cancelling = True
        await self._pages.withdraw()
        await self._show()

    async def _switch_gateway(self, identifier: str) -> None:
        self._gateway = identifier
        await self._pages.signal("switch_gateway", identifier)

    async def _walk_all(self) -> None:
        await self._show()
        self._following = asyncio.create_task(self._follow_earlier_pages())
        await asyncio.gather(*(self._walk(stream) for stream in range(len(self._next))))
        await self._wait_for_pages()
        self._is_over = True
        await workflow.wait_condition(lambda: workflow.all_handlers_finished() and not self._is_looking)
        if (self._is_left() or self._pages.ids) and not self._cancelling:
            workflow.continue_as_new(self._rest())
        ending = BatchState(self._batch.batch_id, "cancelled" if self._cancelling else "completed")
        await workflow.execute_local_activity("finish_batch", ending, **policy.LOCAL)
        if self._cancelling and workflow.patched("cancelled-batches-are-told"):
            await self._tell_customers()

    async def _wait_for_pages(self) -> None:
        """Until those under way have ended; or, in a long run, for a moment: the next run follows the others."""
        pages = self._pages
        await workflow.wait_condition(lambda: not pages.ids or (self._is_long() and not self._cancelling))
        if pages.ids:
            await wait_at_most(self._limits.rest, lambda: not pages.ids)
            await workflow.wait_condition(lambda: not (pages.ids if self._cancelling else pages.are_starting))

    async def _follow_earlier_pages(self) -> None:
        """Look for the ends of pages that an earlier run started."""
        pause = _FIRST_LOOK
        while self._pages.followed and not self._is_over:
            self._events.add(_A_WAIT + _A_STATEMENT)
            await workflow.sleep(pause)
            self._is_looking = not self._is_over
            if not self._is_looking:
                return
            still: list[str] = await workflow.execute_local_activity(
                "open_pages", self._pages.followed, result_type=list[str], **policy.LOCAL
            )
            self._is_looking = False
            self._pages.keep(still)
            pause = min(_LAST_LOOK, 2 * pause)

    async def _tell_customers(self) -> None:
        """What was cancelled here has no page that would."""
        endpoints: list[str] = await workflow.execute_activity(
            "queue_callbacks", self._batch.batch_id, result_type=list[str], **policy.errand_options(self._batch.lane)
        )
        await wake(endpoints, self._batch.lane)

    def _is_left(self) -> bool:
        return any(next_ <= stream.last for next_, stream in zip(self._next, self._batch.streams, strict=True))

    def _rest(self) -> BatchHeader:
        streams = [replace(stream, next=next_) for next_, stream in zip(self._next, self._batch.streams, strict=True)]
        return replace(
            self._batch,
            streams=streams,
            paused=self._paused,
            gateway=self._gateway,
            limits=BATCH_LIMITS,
            in_flight=self._pages.carried,
            answers=self._answers.carried,
        )

    async def _walk(self, stream: int) -> None:
        """Send a stream's pages one after the other, ``_window`` of them at a time."""
        listed: list[BatchPage] = []
        last = self._batch.streams[stream].last
        while self._next[stream] <= last and not self._must_stop():
            if not listed:
                listed = await self._list(self._next[stream], last)
            if not listed:  # the batch was reset after its end
                self._next[stream] = last + 1
                break
            page = listed.pop(0)
            if not await self._turn_comes(stream, page):
                break
            self._next[stream] = page.number + 1
            self._events.add(_A_PAGE)
            self._pages.starts(str(batch_page_id(UUID(self._batch.batch_id), page.number)), stream)
            self._sending.add(task := asyncio.create_task(self._send(stream, page)))
            task.add_done_callback(self._sending.discard)

    def _must_stop(self) -> bool:
        return self._cancelling or self._events.reached()

    def _is_long(self) -> bool:
        """Whether it is time for a fresh run, whoever is waited for. Batches without limits wait for all."""
        return self._batch.limits is not None and self._events.reached()

    async def _list(self, first: int, last: int) -> list[BatchPage]:
        self._events.add(_A_STATEMENT)
        wanted = PageList(self._batch.batch_id, first, min(last, first + self._limits.pages_listed - 1))
        listed: list[BatchPage] = await workflow.execute_local_activity(
            "list_pages", wanted, result_type=list[BatchPage], **policy.LOCAL
        )
        return listed

    async def _turn_comes(self, stream: int, page: BatchPage) -> bool:
        """Wait until a page is due and there is a place for it. Returns whether it shall be sent by this run."""

        def given_up() -> bool:
            return self._cancelling or self._is_long()

        if page.due > self._clock.now():
            self._events.add(_A_WAIT)
            self._due[stream] = page.due
            await self._show()
            await self._clock.until(page.due, given_up)
            self._due[stream] = 0.0
        await workflow.wait_condition(
            lambda: (self._pages.count(stream) < self._window and not self._paused) or given_up()
        )
        return not given_up()

    async def _send(self, stream: int, page: BatchPage) -> None:
        """Have a page sent by a workflow of its own."""
        page_id = str(batch_page_id(UUID(self._batch.batch_id), page.number))
        await self._show()
        gateway = self._gateway
        wish = gateway or self._batch.streams[stream].gateway
        header = PageHeader(
            page_id,
            self._batch.account_id,
            self._batch.channel,
            page.size,
            requested={wish: list(range(page.size))} if wish else {},
            lane=self._batch.lane,
            stored=True,
            limits=PAGE_LIMITS,
        )
        try:
            child = await workflow.start_child_workflow(
                "SendWorkflow",
                args=[header, b""],
                id=send_workflow_id(UUID(page_id)),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                **policy.start_options(self._batch.lane, self._batch.account_id),
            )
            self._pages.started(page_id, child)
            await self._catch_up(child, gateway)
            await child
        except WorkflowAlreadyStartedError:
            workflow.logger.warning("a page was sent before: the batch was reset")
        except ChildWorkflowError as error:
            if not self._cancelling:
                workflow.logger.warning("a page did not come to its end: %s", error.cause)
        finally:
            self._pages.ended(page_id)

    async def _catch_up(self, child: Child, gateway: str) -> None:
        """Signal a page what was asked while it was being started."""
        if self._cancelling:
            child.cancel()
        if self._paused:
            await child.signal("pause")
        if self._gateway != gateway:
            await child.signal("switch_gateway", self._gateway)

    def _state(self) -> str:
        if self._cancelling:
            return "cancelling"
        if self._paused:
            return "paused"
        return "scheduled" if any(self._due) and not self._pages.ids else "running"

    async def _show(self) -> None:
        """Have the record say what the batch is doing, where that has changed."""
        async with self._showing:  # one after the other, so that the last word is the record's
            state = self._state()
            if state == self._shown:
                return
            self._shown = state
            self._events.add(_A_STATEMENT)
            await workflow.execute_local_activity("show_batch", BatchState(self._batch.batch_id, state), **policy.LOCAL)

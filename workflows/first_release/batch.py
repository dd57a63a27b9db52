"""Batches that were started before batches carried their limits, as they were then (see ``page.py`` beside this)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.batches.batch import BatchHeader, BatchPage, BatchState, BatchStatus, PageList
    from domain.ids import batch_page_id, send_workflow_id
    from domain.messages.page import PageHeader
    from workflows.waking import wake

_PAGES_IN_FLIGHT = 4
_LONG_HISTORY = 1500
_PAGES_LISTED = 100

_Child = ChildWorkflowHandle[Any, None]


class Batch:
    """Walks a batch. It knows pages, never messages: what became of those is in the record.

    Each stream of the batch is walked by itself, so that a gateway that is down or slow holds up only what was meant
    for it. Works for any list that is stored as a batch.
    """

    def __init__(self, batch: BatchHeader) -> None:
        self._batch = batch
        self._next = [stream.next for stream in batch.streams]
        """For each stream, the page whose turn is next."""
        self._due = [0.0 for _ in batch.streams]
        """For each stream, when that page is due, if it waits for that."""
        self._window = max(2, _PAGES_IN_FLIGHT // max(1, len(batch.streams)))
        self._in_flight: dict[str, _Child | None] = {}
        """Pages under way, oldest first; ``None`` while one is being started."""
        self._paused = batch.paused
        self._gateway = batch.gateway
        self._cancelling = False
        self._shown = ""
        self._showing = asyncio.Lock()

    async def run(self, batch: BatchHeader) -> None:
        """Walk the batch; completes when each of its messages has an outcome in the record.

        Cancelled by an operator, it ends as by the update ``cancel``.
        """
        walking = asyncio.create_task(self._walk_all())
        try:
            await asyncio.shield(walking)
        except asyncio.CancelledError:
            self._cancelling = True
            self._withdraw_pages()
            await walking
            raise

    def status(self) -> BatchStatus:
        """What the batch is doing, and what it waits for."""
        waiting = [due for due in self._due if due]
        until = min(waiting) if waiting and not self._in_flight else 0.0
        return BatchStatus(self._state(), until, self._gateway, list(self._in_flight))

    async def pause(self) -> None:
        """Start no more; what is at a gateway gets its outcome."""
        self._paused = True
        await self._tell_pages("pause")
        await self._show()

    async def resume(self) -> None:
        """Go on after ``pause``."""
        self._paused = False
        await self._tell_pages("resume")
        await self._show()

    async def cancel(self) -> None:
        """Cancel everything that has not left, and release its credit."""
        self._cancelling = True
        self._withdraw_pages()
        await self._show()

    async def switch_gateway(self, identifier: str) -> None:
        """Send everything still to come through another gateway."""
        self._gateway = identifier
        await self._tell_pages("switch_gateway", identifier)

    def may_change(self) -> None:
        if self._cancelling:
            raise ApplicationError("the batch is being cancelled", type="NotWaiting")

    def may_switch(self, identifier: str) -> None:
        self.may_change()

    async def _walk_all(self) -> None:
        await self._show()
        await asyncio.gather(*(self._walk(stream) for stream in range(len(self._next))))
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._is_left() and not self._cancelling:
            workflow.continue_as_new(self._rest())
        ending = BatchState(self._batch.batch_id, "cancelled" if self._cancelling else "completed")
        await workflow.execute_local_activity("finish_batch", ending, **policy.LOCAL)
        if self._cancelling and workflow.patched("cancelled-batches-are-told"):
            await self._tell_customers()

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
        return replace(self._batch, streams=streams, paused=self._paused, gateway=self._gateway)

    async def _walk(self, stream: int) -> None:
        """Send a stream's pages one after the other, ``_window`` of them at a time."""
        under_way: set[asyncio.Task[None]] = set()
        listed: list[BatchPage] = []
        last = self._batch.streams[stream].last
        while self._next[stream] <= last and not self._must_stop():
            if not listed:
                listed = await self._list(self._next[stream], last)
            if not listed:  # the batch was reset after its end
                self._next[stream] = last + 1
                break
            page = listed.pop(0)
            if not await self._turn_comes(stream, page, lambda: len(under_way) < self._window):
                break
            self._next[stream] = page.number + 1
            task = asyncio.create_task(self._send(stream, page))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    def _must_stop(self) -> bool:
        info = workflow.info()
        long = info.is_continue_as_new_suggested() or info.get_current_history_length() >= _LONG_HISTORY
        return self._cancelling or long

    async def _list(self, first: int, last: int) -> list[BatchPage]:
        wanted = PageList(self._batch.batch_id, first, min(last, first + _PAGES_LISTED - 1))
        listed: list[BatchPage] = await workflow.execute_local_activity(
            "list_pages", wanted, result_type=list[BatchPage], **policy.LOCAL
        )
        return listed

    async def _turn_comes(self, stream: int, page: BatchPage, has_place: Callable[[], bool]) -> bool:
        """Wait until a page is due and there is a place for it. Returns whether it shall be sent by this run."""
        if page.due > workflow.time():
            self._due[stream] = page.due
            await self._show()
            await self._until(lambda: False, page.due - workflow.time())
            self._due[stream] = 0.0
        await self._until(lambda: has_place() and not self._paused)
        return not self._cancelling

    async def _until(self, condition: Callable[[], bool], seconds: float | None = None) -> None:
        """Returns when the condition holds, the time is over, or the batch is cancelled."""
        try:
            await workflow.wait_condition(lambda: condition() or self._cancelling, timeout=seconds)
        except TimeoutError:
            return

    async def _send(self, stream: int, page: BatchPage) -> None:
        """Have a page sent by a workflow of its own."""
        page_id = str(batch_page_id(UUID(self._batch.batch_id), page.number))
        self._in_flight[page_id] = None
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
            self._in_flight[page_id] = child
            await self._catch_up(child, gateway)
            await child
        except WorkflowAlreadyStartedError:
            workflow.logger.warning("a page was sent before: the batch was reset")
        except ChildWorkflowError as error:
            if not self._cancelling:
                workflow.logger.warning("a page did not come to its end: %s", error.cause)
        finally:
            del self._in_flight[page_id]

    async def _catch_up(self, child: _Child, gateway: str) -> None:
        """Tell a page what was said while it was being started."""
        if self._cancelling:
            child.cancel()
        if self._paused:
            await child.signal("pause")
        if self._gateway != gateway:
            await child.signal("switch_gateway", self._gateway)

    async def _tell_pages(self, signal: str, *arguments: str) -> None:
        children = [child for child in self._in_flight.values() if child is not None]
        await asyncio.gather(*(child.signal(signal, args=arguments) for child in children), return_exceptions=True)

    def _withdraw_pages(self) -> None:
        for child in self._in_flight.values():
            if child is not None:
                child.cancel()

    def _state(self) -> str:
        if self._cancelling:
            return "cancelling"
        if self._paused:
            return "paused"
        return "scheduled" if any(self._due) and not self._in_flight else "running"

    async def _show(self) -> None:
        """Have the record say what the batch is doing, where that has changed."""
        async with self._showing:  # one after the other, so that the last word is the record's
            state = self._state()
            if state == self._shown:
                return
            self._shown = state
            await workflow.execute_local_activity("show_batch", BatchState(self._batch.batch_id, state), **policy.LOCAL)

"""The workflow of a page: check credit, choose a gateway, dispatch, record status."""

import asyncio
from dataclasses import replace
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import index_of
    from domain.limits import PAGE_LIMITS
    from domain.page import (
        OPERATORS_DECIDE,
        Carried,
        ChangeRequest,
        LiveStatus,
        PageHeader,
        RecordRequest,
        RescheduleRequest,
    )
    from workflows.history import NEVER
    from workflows.page_run import A_CHANGE, A_CHOICE, A_SIGNAL, A_TIMER, PageRun
    from workflows.turns import group_due, group_turns


@workflow.defn
class SendWorkflow(PageRun):
    """Sends one page. It holds why each message waits; what became of it is in the record, written as it happens.

    Messages whose turns come together go on together.
    """

    @workflow.init
    def __init__(self, page: PageHeader, content: bytes) -> None:
        super().__init__(page, content)

    @workflow.run
    async def run(self, page: PageHeader, content: bytes) -> None:
        """Send the page; completes when each of its messages has an outcome in the record.

        Cancelled by an operator, it withdraws the messages that wait; those at a gateway get their outcome first.
        """
        sending = asyncio.create_task(self._send_all())
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            self._withdrawn = True
            self._recall()
            for index in self._fallbacks.end():
                self._live.pop(index, None)
            await sending
            raise

    @workflow.query
    def status(self, uid: str) -> LiveStatus | None:
        """Why a message is not final yet; ``None`` when this page does not have it, or has ended it."""
        index = index_of(UUID(uid))
        status = self._live.get(index)
        return replace(status, account_id=self._page.account_of(index)) if status else None

    @workflow.query
    def waits(self) -> list[LiveStatus]:
        """What the messages without an ending wait for, each wait once."""
        return list(dict.fromkeys(self._live.values()))

    @workflow.query
    def answer_to(self, change_id: str) -> str | None:
        """What became of a change: "" it was done; the reason why it was refused; ``None``: nothing yet."""
        return self._answers.get(change_id)

    @workflow.signal
    async def change(self, request: ChangeRequest) -> None:
        """Take back a message that still waits, or move one that waits for its time; ``answer_to`` has the answer."""
        self._events.add(A_CHANGE)
        if not self._answers.begin(request.id):
            return
        try:
            if request.kind == "cancel":
                await self._cancel(index_of(UUID(request.uid)))
            else:
                await self._reschedule(RescheduleRequest(request.uid, request.at))
        except ApplicationError as refusal:
            self._answers.give(request.id, refusal.message)
        else:
            self._answers.give(request.id)

    @workflow.signal
    def pause(self) -> None:
        """Start no more; what is at a gateway gets its outcome."""
        self._paused = True
        self._recall()

    @workflow.signal
    def resume(self) -> None:
        """Go on after ``pause``."""
        self._paused = False

    @workflow.signal
    def gateway_resumed(self) -> None:
        """Who waits for a paused gateway looks for a way out again."""
        self._look_again("gateway_paused")

    @workflow.signal
    def account_resumed(self) -> None:
        """Who waits because an account is suspended looks for a way out again."""
        self._look_again("account_suspended")

    def _look_again(self, waits_for: str) -> None:
        self._events.add(A_SIGNAL)
        self._resumptions += 1
        for index, turn in list(self._waiting.items()):
            if turn.waits_for == waits_for:
                self._queue([index], replace(turn, at=0.0))

    @workflow.signal
    def switch_gateway(self, identifier: str) -> None:
        """Send everything that still waits through another gateway."""
        self._recall()
        self._page = replace(self._page, requested={identifier: list(range(self._page.size))})
        for index, turn in list(self._waiting.items()):
            if not turn.pinned:
                at, waits_for = (turn.at, turn.waits_for) if turn.waits_for == "schedule" else (0.0, "")
                self._queue([index], replace(turn, at=at, waits_for=waits_for, gateway="", excluded=(), route=None))

    @workflow.signal
    def reported(self, uids: list[str]) -> None:
        """Something was reported of messages that have a fallback."""
        self._events.add(A_SIGNAL)
        self._fallbacks.reported(index_of(UUID(uid)) for uid in uids)
        self._fall_back.heard(uids)

    @workflow.signal
    def opted_out(self, uids: list[str]) -> None:
        """Withdraw messages whose recipient wants no more of them, as far as they still wait."""
        indexes = [index for uid in uids if (index := index_of(UUID(uid))) in self._waiting]
        indexes = [index for index in indexes if not self._waiting[index].pinned]
        for index in indexes:
            del self._waiting[index]
        if indexes:
            reason = "the recipient wants no more messages"
            self._at_work.append(asyncio.create_task(self._end(indexes, "cancelled", "opted_out", reason)))

    @workflow.update
    async def cancel(self, uid: str) -> None:
        """As ``change``, for callers and histories of before: it is not safe beside local activities."""
        await self._cancel(index_of(UUID(uid)))

    @cancel.validator
    def _may_cancel_now(self, uid: str) -> None:
        self._may_cancel(index_of(UUID(uid)))

    @workflow.update
    async def reschedule(self, request: RescheduleRequest) -> None:
        """As ``cancel``."""
        await self._reschedule(request)

    @reschedule.validator
    def _may_reschedule_now(self, request: RescheduleRequest) -> None:
        self._may_reschedule(index_of(UUID(request.uid)))

    def _may_cancel(self, index: int) -> None:
        turn = self._waiting.get(index)
        if turn is None or turn.pinned:  # a message that waits to be sent again may have left long ago
            raise ApplicationError("only a message that still waits can be cancelled", type="NotWaiting")

    def _may_reschedule(self, index: int) -> None:
        turn = self._waiting.get(index)
        if turn is None or turn.waits_for != "schedule":
            raise ApplicationError("only a message that waits for its time can be moved", type="NotWaiting")

    async def _cancel(self, index: int) -> None:
        self._may_cancel(index)
        del self._waiting[index]
        await workflow.wait_condition(lambda: self._recorded)
        if index not in self._live:
            raise ApplicationError("the message was refused", type="NotWaiting")
        await self._end([index], "cancelled", "cancelled", "cancelled by the sender")

    async def _reschedule(self, request: RescheduleRequest) -> None:
        index = index_of(UUID(request.uid))
        self._may_reschedule(index)
        self._due[index] = request.at
        self._queue([index], replace(self._waiting[index], at=request.at))
        await workflow.wait_condition(lambda: self._recorded)
        at: float | None = await workflow.execute_local_activity("record_schedule", request, **policy.LOCAL)
        self._clock.saw(at or 0.0)  # the new time may be past already

    async def _send_all(self) -> None:
        if not self._recorded:
            refused: list[int] = await workflow.execute_local_activity(
                "check_credit", args=[self._page, self._content], result_type=list[int], **policy.LOCAL
            )
            self._forget(refused)
            self._recorded = True
            if refused and workflow.patched("refusals-are-told"):
                self._at_work.append(asyncio.create_task(self._record(RecordRequest(self._page.page_id))))
        while self._waiting or self._at_work or self._fallbacks.is_open:
            if self._wants_a_fresh_run():
                await self._continue_as_new()
            self._start_due()
            await self._wait_for_work()
            for task in [task for task in self._at_work if task.done()]:
                self._at_work.remove(task)
                task.result()
        await workflow.wait_condition(workflow.all_handlers_finished)

    def _start_due(self) -> None:
        """Set to work what is due, messages with equal turns together."""
        now = self._clock.now()
        if looks := self._fallbacks.take_due(now):
            self._at_work.append(asyncio.create_task(self._follow_up(looks)))
        if self._withdrawn:
            now = NEVER
        elif self._paused:
            return
        for turn, indexes in group_due(self._waiting, now):
            self._events.add(A_CHOICE)
            for index in indexes:
                if self._waiting.pop(index).waits_for in OPERATORS_DECIDE:
                    self._stopped.add(index)
            work = self._withdraw(indexes) if self._withdrawn else self._deliver(turn, sorted(indexes))
            self._at_work.append(asyncio.create_task(work))

    async def _wait_for_work(self) -> None:
        """Returns when something is due, or became due earlier, or a task failed, or nothing is left to wait for."""
        at, paused = self._next_at(), self._paused

        def stirred() -> bool:
            quiet = all(task.done() for task in self._at_work)
            idle = quiet and not (self._waiting or self._fallbacks.is_open)
            failed = any(task.done() and task.exception() for task in self._at_work)
            moved = self._next_at() < at or self._paused != paused
            return idle or failed or moved or (self._withdrawn and bool(self._waiting)) or self._has_become_long()

        self._events.add(A_TIMER)
        await self._clock.until(at, stirred)

    def _has_become_long(self) -> bool:
        return self._page.limits is not None and self._wants_a_fresh_run()

    def _wants_a_fresh_run(self) -> bool:
        """When the history is long: as soon as nothing is at work. When it is very long, work is called back."""
        if self._page.limits is None:
            return self._events.reached()
        quiet = all(task.done() for task in self._at_work)
        return self._events.reached(2) or (quiet and self._events.reached())

    async def _finish_work(self) -> None:
        await asyncio.gather(*self._at_work)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not all(task.done() for task in self._at_work):  # what came in meanwhile
            await self._finish_work()

    async def _continue_as_new(self) -> None:
        """Hand on who still waits to a fresh run, once work under way has come to its end. Returns if nobody does."""
        if self._page.limits is not None and self._dispatches:
            self._recall()
        await self._finish_work()
        if not (self._waiting or self._fallbacks.is_open):
            return
        carried = Carried(
            self._accepted_at,
            group_turns(self._waiting),
            self._paused,
            self._fallbacks.carried(),
            self._answers.carried,
        )
        due = [self._due.get(index, 0.0) for index in range(self._page.size)] if self._due else []
        page = replace(self._page, due=due, carried=carried, limits=PAGE_LIMITS)
        workflow.continue_as_new(args=[page, self._content])

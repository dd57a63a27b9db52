"""Pages that were started before pages carried their limits: as they were then, so that their histories replay.

To be removed a year after the release that brought limits: no message is scheduled further ahead.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import index_of
    from domain.messages.page import (
        OPERATORS_DECIDE,
        Carried,
        DispatchRequest,
        DispatchResult,
        Ending,
        LiveStatus,
        PageHeader,
        RecordRequest,
        RescheduleRequest,
        Retry,
        Route,
        RouteRequest,
        Routing,
        Turn,
    )
    from domain.messages.routing import retry_pause
    from workflows.first_release.fall_back import FallBack
    from workflows.sending.turns import first_turns, group_due
    from workflows.waking import wake

_NEVER = float("inf")
_MAX_ATTEMPTS = 8
_MAX_WAIT = 24 * 3600.0
_SOON = 1.0
_MIN_PARK = 1.0
_LONG_HISTORY = 4000
_INLINE_BYTES = 1_500_000


class Page:
    """Sends one page. It holds why each message waits; what became of it is in the record, written as it happens.

    A message is in one of three places: it waits for its turn, it is at work (a way out is sought, or it is at a
    gateway), or it has its ending. Messages whose turns come together go on together.
    """

    def __init__(self, page: PageHeader, content: bytes) -> None:
        carried = page.carried
        self._page = replace(page, carried=None)
        self._content = content
        self._inline_left = _INLINE_BYTES
        self._accepted_at = carried.accepted_at if carried else workflow.time()
        self._due = dict(enumerate(page.due))
        """When each message is due (Unix seconds), where it matters."""
        self._live: dict[int, LiveStatus] = {}
        """Messages without an ending."""
        self._waiting: dict[int, Turn] = {}
        """Those of them that wait for their turn: they may be cancelled."""
        self._at_work: list[asyncio.Task[None]] = []
        self._dispatches: set[workflow.ActivityHandle[DispatchResult]] = set()
        self._recorded = carried is not None
        """Whether the page stands in the record, with its credits held."""
        self._fall_back = FallBack(self._page, content)
        self._withdrawn = False
        self._paused = carried is not None and carried.paused
        for turn, indexes in carried.turns if carried else first_turns(page, self._accepted_at):
            self._queue(indexes, turn)

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
            await sending
            raise

    def status(self, uid: str) -> LiveStatus | None:
        """Why a message is not final yet; ``None`` when this page does not have it, or has ended it."""
        index = index_of(UUID(uid))
        status = self._live.get(index)
        return replace(status, account_id=self._page.account_of(index)) if status else None

    def waits(self) -> list[LiveStatus]:
        """What the messages without an ending wait for, each wait once."""
        return list(dict.fromkeys(self._live.values()))

    def pause(self) -> None:
        """Start no more; what is at a gateway gets its outcome."""
        self._paused = True
        self._recall()

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._paused = False

    def gateway_resumed(self) -> None:
        """Who waits for a paused gateway looks for a way out again."""
        self._look_again("gateway_paused")

    def account_resumed(self) -> None:
        """Who waits because an account is suspended looks for a way out again."""
        self._look_again("account_suspended")

    def _look_again(self, waits_for: str) -> None:
        for index, turn in list(self._waiting.items()):
            if turn.waits_for == waits_for:
                self._queue([index], replace(turn, at=0.0))

    def switch_gateway(self, identifier: str) -> None:
        """Send everything that still waits through another gateway."""
        self._recall()
        self._page = replace(self._page, requested={identifier: list(range(self._page.size))})
        for index, turn in list(self._waiting.items()):
            if not turn.pinned:
                at, waits_for = (turn.at, turn.waits_for) if turn.waits_for == "schedule" else (0.0, "")
                self._queue([index], replace(turn, at=at, waits_for=waits_for, gateway="", excluded=(), route=None))

    def reported(self, uids: list[str]) -> None:
        """Something was heard of messages that have a fallback."""
        self._fall_back.heard(uids)

    def opted_out(self, uids: list[str]) -> None:
        """Withdraw messages whose recipient wants no more of them, as far as they still wait."""
        indexes = [index for uid in uids if (index := index_of(UUID(uid))) in self._waiting]
        indexes = [index for index in indexes if not self._waiting[index].pinned]
        for index in indexes:
            del self._waiting[index]
        if indexes:
            reason = "the recipient wants no more messages"
            self._at_work.append(asyncio.create_task(self._end(indexes, "cancelled", "opted_out", reason)))

    async def cancel(self, uid: str) -> None:
        """Take back a message that still waits, and release its credit."""
        index = index_of(UUID(uid))
        del self._waiting[index]
        await workflow.wait_condition(lambda: self._recorded)
        if index not in self._live:
            raise ApplicationError("the message was refused", type="NotWaiting")
        await self._end([index], "cancelled", "cancelled", "cancelled by the sender")

    def may_cancel(self, uid: str) -> None:
        turn = self._waiting.get(index_of(UUID(uid)))
        if turn is None or turn.pinned:  # a message that waits to be sent again may have left long ago
            raise ApplicationError("only a message that still waits can be cancelled", type="NotWaiting")

    async def reschedule(self, request: RescheduleRequest) -> None:
        """Move a message that waits for its time to another time."""
        index = index_of(UUID(request.uid))
        self._due[index] = request.at
        self._queue([index], replace(self._waiting[index], at=request.at))
        await workflow.wait_condition(lambda: self._recorded)
        await workflow.execute_local_activity("record_schedule", request, **policy.LOCAL)

    def may_reschedule(self, request: RescheduleRequest) -> None:
        turn = self._waiting.get(index_of(UUID(request.uid)))
        if turn is None or turn.waits_for != "schedule":
            raise ApplicationError("only a message that waits for its time can be moved", type="NotWaiting")

    async def _send_all(self) -> None:
        if not self._recorded:
            refused: list[int] = await workflow.execute_local_activity(
                "check_credit", args=[self._page, self._content], result_type=list[int], **policy.LOCAL
            )
            self._forget(refused)
            self._recorded = True
            if refused and workflow.patched("refusals-are-told"):
                self._at_work.append(asyncio.create_task(self._record(RecordRequest(self._page.page_id))))
        while self._waiting or self._at_work:
            if _history_is_long():
                await self._go_on_in_a_fresh_run()
            self._start_who_is_next()
            await self._until_something_is_to_do()
            for task in [task for task in self._at_work if task.done()]:
                self._at_work.remove(task)
                task.result()
        await workflow.wait_condition(workflow.all_handlers_finished)

    def _queue(self, indexes: Sequence[int], turn: Turn) -> None:
        state = "scheduled" if turn.waits_for == "schedule" else "queued"
        until = 0.0 if turn.waits_for in OPERATORS_DECIDE else turn.at  # an operator decides
        status = LiveStatus(self._page.account_id, state, turn.waits_for, until, turn.gateway)
        self._waiting.update(dict.fromkeys(indexes, turn))
        self._live.update(dict.fromkeys(indexes, status))

    def _next_at(self) -> float:
        turns = () if self._paused else self._waiting.values()
        return min((turn.at for turn in turns), default=_NEVER)

    def _start_who_is_next(self) -> None:
        """Set to work whose turn has come, those with equal turns together."""
        now = workflow.time()
        if self._withdrawn:
            now = _NEVER
        elif self._paused:
            return
        for turn, indexes in group_due(self._waiting, now):
            for index in indexes:
                if self._waiting.pop(index).waits_for in OPERATORS_DECIDE:  # its time to find a gateway begins anew
                    self._due[index] = workflow.time()
            work = self._withdraw(indexes) if self._withdrawn else self._deliver(turn, sorted(indexes))
            self._at_work.append(asyncio.create_task(work))

    async def _until_something_is_to_do(self) -> None:
        """Returns when a turn has come, or has moved forward, or a task failed, or nothing is left to wait for."""
        at, paused = self._next_at(), self._paused

        def stirred() -> bool:
            idle = not self._waiting and all(task.done() for task in self._at_work)
            failed = any(task.done() and task.exception() for task in self._at_work)
            moved = self._next_at() < at or self._paused != paused
            return idle or failed or moved or (self._withdrawn and bool(self._waiting))

        with suppress(TimeoutError):
            await workflow.wait_condition(stirred, timeout=None if at == _NEVER else at - workflow.time())

    async def _go_on_in_a_fresh_run(self) -> None:
        """Let work under way come to its end, then hand on who still waits. Returns if nobody does."""
        await asyncio.gather(*self._at_work)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._waiting:
            return
        turns: dict[int, tuple[Turn, list[int]]] = {}
        for index, turn in self._waiting.items():
            turns.setdefault(id(turn), (turn, []))[1].append(index)
        carried = Carried(self._accepted_at, list(turns.values()), self._paused)
        due = [self._due.get(index, 0.0) for index in range(self._page.size)] if self._due else []
        workflow.continue_as_new(args=[replace(self._page, due=due, carried=carried), self._content])

    async def _deliver(self, turn: Turn, indexes: list[int]) -> None:
        """Choose ways out for messages whose turn it is, and go each of them at its own speed."""
        if turn.route is not None:
            await self._dispatch(turn, replace(turn.route, indexes=indexes))
            return
        self._show(indexes, LiveStatus(self._page.account_id, "queued", attempt=turn.attempt))
        request = RouteRequest(self._page, indexes, turn.attempt, list(turn.excluded), turn.pinned)
        routing: Routing = await workflow.execute_local_activity(
            "choose_gateway", request, result_type=Routing, **policy.LOCAL
        )
        ways: list[Coroutine[Any, Any, None]] = [self._go(turn, route) for route in routing.routes]
        for parked in routing.parked:
            until = max(parked.until, workflow.time() + _MIN_PARK)
            pause = replace(turn, at=until, waits_for=parked.waits_for, gateway=parked.gateway, excluded=())
            ways.append(self._wait(parked.indexes, pause, f"gateway {parked.gateway} was down for too long"))
        ways += [self._end(none.indexes, none.state, none.code, none.reason) for none in routing.none]
        await _side_by_side(ways)

    async def _go(self, turn: Turn, route: Route) -> None:
        if route.start_at <= workflow.time() + _SOON:
            await self._dispatch(turn, route)
            return
        chosen = replace(route, indexes=[])
        self._queue(
            route.indexes,
            replace(turn, at=route.start_at, waits_for=route.waits_for, gateway=route.gateway, route=chosen),
        )

    async def _dispatch(self, turn: Turn, route: Route) -> None:
        awaited = "rate_slot" if route.takes_slots else "gateway_answer"
        answer = LiveStatus(self._page.account_id, "processing", awaited, 0.0, route.gateway, turn.attempt)
        self._show(route.indexes, answer)
        at_once = turn == Turn() and not self._page.stored
        dispatch = workflow.start_activity(
            "dispatch",
            args=[DispatchRequest(self._page.brief(), route, turn.attempt, at_once), self._content_inline()],
            result_type=DispatchResult,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            **policy.dispatch_options(self._page.lane, route),
        )
        self._dispatches.add(dispatch)
        try:
            result: DispatchResult = await dispatch
        except ActivityError:
            await self._lose(turn, route, recalled=dispatch not in self._dispatches)
            return
        except asyncio.CancelledError:
            if not dispatch.cancelled():  # this run itself is being taken down
                raise
            # It was recalled in the very task that brought its result, which is lost with that.
            await self._lose(turn, route, recalled=True)
            return
        finally:
            self._dispatches.discard(dispatch)
        again = {index for more in result.again for index in more.indexes}
        if len(again) < len(route.indexes):
            await self._record(RecordRequest(self._page.page_id))
            self._forget([index for index in route.indexes if index not in again])
        await _side_by_side([self._once_more(turn, route, more) for more in result.again])

    def _recall(self) -> None:
        """Have dispatches come back with what they have not started, as soon as they hear of it."""
        for dispatch in self._dispatches:
            dispatch.cancel()
        self._dispatches.clear()

    async def _lose(self, turn: Turn, route: Route, recalled: bool) -> None:
        """A dispatch did not come back. Recalled, it died on the way: another one finds out what it had done."""
        if recalled:
            self._queue(route.indexes, replace(turn, route=None))
            return
        await self._record(RecordRequest(self._page.page_id, lost_attempt=turn.attempt, lost=route.indexes))
        self._forget(route.indexes)

    def _content_inline(self) -> bytes:
        """The page's content for a dispatch; empty when it is stored, or this run has handed out enough of it."""
        if len(self._content) > self._inline_left:
            return b""
        self._inline_left -= len(self._content)
        return self._content

    async def _once_more(self, turn: Turn, route: Route, more: Retry) -> None:
        """Another round for messages that the gateway surely did not take, or that may be sent twice."""
        tried = more.kind in ("gateway_down", "retry_later", "resend")
        strikes = turn.strikes + (tried and not (route.probe and more.kind == "gateway_down"))
        if strikes >= _MAX_ATTEMPTS:
            reason = f"{turn.attempt} tries, the last one: {more.reason}"
            await self._end(more.indexes, "failed", "attempts_exhausted", reason)
            return
        after = replace(
            turn, at=0.0, waits_for="", gateway="", route=None, attempt=turn.attempt + tried, strikes=strikes
        )
        if more.kind in ("gateway_down", "held_back"):
            after = replace(after, excluded=(*turn.excluded, route.gateway_id))
        elif more.kind == "resend":  # safe only where the first try went
            after = replace(after, pinned=route.gateway_id)
        elif more.kind == "retry_later":
            at = workflow.time() + (more.after or retry_pause(after.attempt))
            after = replace(after, at=at, waits_for="retry_pause", gateway=route.gateway)
        await self._wait(more.indexes, after, f"{turn.attempt} tries, the last one: {more.reason}")

    async def _wait(self, indexes: list[int], turn: Turn, too_late: str) -> None:
        """Let messages wait for a gateway, but none beyond its time; what an operator paused waits for the operator."""
        moment = 0.0 if turn.waits_for in OPERATORS_DECIDE else max(turn.at, workflow.time())
        expired = [i for i in indexes if moment > max(self._accepted_at, self._due.get(i, 0.0)) + _MAX_WAIT]
        self._queue([i for i in indexes if i not in expired], turn)
        if expired:
            code = "retry_later" if turn.waits_for == "retry_pause" else "gateway_down"
            await self._end(expired, "expired", code, too_late)

    async def _end(self, indexes: list[int], state: str, code: str, reason: str) -> None:
        await self._record(RecordRequest(self._page.page_id, [Ending(indexes, state, code, reason)]))
        self._forget(indexes)

    async def _withdraw(self, indexes: list[int]) -> None:
        await self._end(indexes, "cancelled", "cancelled", "cancelled by an operator")

    async def _record(self, request: RecordRequest) -> None:
        endpoints: list[str] | None = await workflow.execute_local_activity(
            "record_status", request, result_type=list[str], **policy.LOCAL
        )
        await wake(endpoints, self._page.lane)

    def _show(self, indexes: list[int], status: LiveStatus) -> None:
        self._live.update(dict.fromkeys(indexes, status))

    def _forget(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            self._live.pop(index, None)
            self._waiting.pop(index, None)
            if (after := self._fall_back.take(index)) is not None:
                self._at_work.append(asyncio.create_task(self._follow(index, after)))

    async def _follow(self, index: int, after: float) -> None:
        def show_wait(until: float) -> None:
            self._show([index], LiveStatus(self._page.account_id, "queued", "fallback", until))

        await self._fall_back.follow(index, after, show_wait, lambda: self._withdrawn)
        self._live.pop(index, None)


async def _side_by_side(ways: Sequence[Coroutine[Any, Any, None]]) -> None:
    if len(ways) == 1:  # the common case, without the cost of a task
        await ways[0]
    elif ways:
        await asyncio.gather(*ways)


def _history_is_long() -> bool:
    info = workflow.info()
    return info.is_continue_as_new_suggested() or info.get_current_history_length() >= _LONG_HISTORY

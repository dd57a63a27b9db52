"""A run of a page: where each of its messages is, and how a group of them is sent."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.limits import UNSTATED_PAGE_LIMITS
    from domain.page import (
        OPERATORS_DECIDE,
        Again,
        Carried,
        DispatchRequest,
        DispatchResult,
        Ending,
        LiveStatus,
        PageHeader,
        RecordRequest,
        Route,
        RouteRequest,
        Routing,
        Turn,
    )
    from domain.routing import retry_pause
    from workflows.answers import Answers
    from workflows.fall_back import FallBack
    from workflows.fallbacks import Fallbacks
    from workflows.following import follow_up
    from workflows.history import EventCount, RecordedClock
    from workflows.turns import first_turns
    from workflows.waking import wake

# About how many events each makes, with the workflow tasks around it.
A_CHOICE, A_DISPATCH, A_TIMER, A_SIGNAL, A_CHANGE, A_LOOK = 2, 8, 5, 4, 10, 9


_RECALL_AFTER = 0.001

_Dispatch = workflow.ActivityHandle[DispatchResult]


class PageRun:
    """A message is in one of three places: it waits for its turn, it is at work (a way out is sought, or it is at a
    gateway), or it has its ending. ``SendWorkflow`` says when messages set out, and lets outsiders change them.
    """

    def __init__(self, page: PageHeader, content: bytes) -> None:
        carried = page.carried or Carried(0.0, [])
        recorded = page.limits is not None
        self._page = replace(page, carried=None)
        self._limits = page.limits or UNSTATED_PAGE_LIMITS
        self._clock = RecordedClock(recorded=recorded)
        self._events = EventCount(self._limits.events, recorded=recorded)
        self._content = content
        self._inline_left = self._limits.inline_bytes
        self._accepted_at = carried.accepted_at or self._clock.now()
        self._due = dict(enumerate(page.due))
        """When each message is due (Unix seconds), where it matters."""
        self._live: dict[int, LiveStatus] = {}
        """Messages without an ending."""
        self._waiting: dict[int, Turn] = {}
        """Those of them that wait for their turn: they may be cancelled."""
        self._resumptions = 0
        """How often a gateway or an account was resumed: what the choice found before that is old."""
        self._stopped: set[int] = set()
        """Messages at work that waited for an operator before."""
        self._at_work: list[asyncio.Task[None]] = []
        self._dispatches: set[_Dispatch] = set()
        """Those at gateways that were not called back."""
        self._recalling: list[asyncio.Task[None]] = []
        self._recorded = page.carried is not None
        """Whether the page stands in the record, with its credits held."""
        self._fallbacks = Fallbacks(page.awaited if recorded else (), carried.followed)
        self._fall_back = FallBack(page if not recorded else replace(page, awaited=[]), content)
        self._answers = Answers(carried.answers)
        self._withdrawn = False
        self._paused = carried.paused
        for turn, indexes in carried.turns if page.carried else first_turns(page, self._accepted_at):
            self._queue(indexes, turn)
        self._show_followed(dict(carried.followed))

    def _queue(self, indexes: Sequence[int], turn: Turn) -> None:
        state = "scheduled" if turn.waits_for == "schedule" else "queued"
        until = 0.0 if turn.waits_for in OPERATORS_DECIDE else turn.at
        status = LiveStatus(self._page.account_id, state, turn.waits_for, until, turn.gateway)
        self._waiting.update(dict.fromkeys(indexes, turn))
        self._live.update(dict.fromkeys(indexes, status))

    def _next_at(self) -> float:
        turns = () if self._paused else self._waiting.values()
        return min((self._fallbacks.next_at(), *(turn.at for turn in turns)))

    async def _deliver(self, turn: Turn, indexes: list[int]) -> None:
        """Choose ways out for messages whose turn it is, and go each of them at its own speed."""
        if turn.route is not None:
            await self._dispatch(turn, replace(turn.route, indexes=indexes))
            return
        self._show(indexes, LiveStatus(self._page.account_id, "queued", attempt=turn.attempt))
        request = RouteRequest(self._page, indexes, turn.attempt, list(turn.excluded), turn.pinned)
        resumptions = self._resumptions
        routing: Routing = await workflow.execute_local_activity(
            "choose_gateway", request, result_type=Routing, **policy.LOCAL
        )
        self._clock.saw(routing.at)
        for index in self._stopped.intersection(indexes):  # their time to find a gateway begins anew
            self._due[index] = self._clock.now()
        self._stopped.difference_update(indexes)
        ways: list[Coroutine[Any, Any, None]] = [self._go(turn, route) for route in routing.routes]
        for parked in routing.parked:
            until = max(parked.until, self._clock.now() + self._limits.shortest_park)
            if parked.waits_for in OPERATORS_DECIDE and self._resumptions > resumptions:
                until = 0.0
            pause = replace(turn, at=until, waits_for=parked.waits_for, gateway=parked.gateway, excluded=())
            ways.append(self._wait(parked.indexes, pause, f"gateway {parked.gateway} was down for too long"))
        ways += [self._end(none.indexes, none.state, none.code, none.reason) for none in routing.none]
        await _side_by_side(ways)

    async def _go(self, turn: Turn, route: Route) -> None:
        if route.start_at <= self._clock.now() + self._limits.soon:
            await self._dispatch(turn, route)
            return
        chosen = replace(route, indexes=[])
        self._queue(
            route.indexes,
            replace(turn, at=route.start_at, waits_for=route.waits_for, gateway=route.gateway, route=chosen),
        )

    async def _dispatch(self, turn: Turn, route: Route) -> None:
        self._events.add(A_DISPATCH)
        awaited = "rate_slot" if route.takes_slots else "gateway_answer"
        answer = LiveStatus(self._page.account_id, "processing", awaited, 0.0, route.gateway, turn.attempt)
        self._show(route.indexes, answer)
        at_once = turn == Turn() and not self._page.stored
        dispatch = workflow.start_activity(
            "dispatch",
            args=[DispatchRequest(self._page.brief(), route, turn.attempt, at_once), self._content_inline()],
            result_type=DispatchResult,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            **policy.dispatch_options(self._page.lane, len(route.indexes), route.per_second),
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
        self._clock.saw(result.at)
        again = {index for more in result.again for index in more.indexes}
        if len(again) < len(route.indexes):
            await self._record(RecordRequest(self._page.page_id))
            self._forget([index for index in route.indexes if index not in again])
        await _side_by_side([self._once_more(turn, route, more) for more in result.again])

    def _recall(self) -> None:
        """Have dispatches come back with what they have not started, as soon as they hear of it."""
        if self._page.limits is None:
            _cancel_all(self._dispatches)
        else:  # by a timer: what was scheduled in this task cannot be cancelled in it (workflows/history.py)
            self._recalling.append(asyncio.create_task(self._recall_soon(set(self._dispatches))))

    async def _recall_soon(self, dispatches: set[_Dispatch]) -> None:
        await workflow.sleep(_RECALL_AFTER)
        dispatches &= self._dispatches
        self._dispatches -= dispatches
        _cancel_all(dispatches)

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

    async def _once_more(self, turn: Turn, route: Route, more: Again) -> None:
        """Another round for messages that the gateway surely did not take, or that may be sent twice."""
        tried = more.kind in ("gateway_down", "retry_later", "resend")
        strikes = turn.strikes + (tried and not (route.probe and more.kind == "gateway_down"))
        if strikes >= self._limits.attempts:
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
            at = self._clock.now() + (more.after or retry_pause(after.attempt))
            after = replace(after, at=at, waits_for="retry_pause", gateway=route.gateway)
        await self._wait(more.indexes, after, f"{turn.attempt} tries, the last one: {more.reason}")

    async def _wait(self, indexes: list[int], turn: Turn, too_late: str) -> None:
        """Let messages wait for a gateway, but none beyond its time; what an operator paused waits for the operator."""
        moment = 0.0 if turn.waits_for in OPERATORS_DECIDE else max(turn.at, self._clock.now())
        expired = [i for i in indexes if moment > max(self._accepted_at, self._due.get(i, 0.0)) + self._limits.wait]
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
            self._fallbacks.left(index)
            if (after := self._fall_back.take(index)) is not None:
                self._at_work.append(asyncio.create_task(self._follow(index, after)))

    async def _follow_up(self, looks: list[tuple[int, bool]]) -> None:
        self._events.add(A_LOOK)
        indexes = [index for index, _ in looks]
        found = await follow_up(self._page, self._content_inline(), looks)
        waiting = self._fallbacks.looked(indexes, found.waiting, found.at)
        for index in indexes:
            self._live.pop(index, None)
        if not self._withdrawn:
            self._show_followed(waiting)

    def _show_followed(self, until: Mapping[int, float]) -> None:
        for index, at in until.items():
            self._show([index], LiveStatus(self._page.account_id, "queued", "fallback", at))

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


def _cancel_all(dispatches: set[_Dispatch]) -> None:
    for dispatch in dispatches:
        dispatch.cancel()
    dispatches.clear()

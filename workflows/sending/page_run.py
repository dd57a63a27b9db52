"""A run of a page: the state of each message, and how a group of them is sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.limits import PAGE_LIMITS
    from domain.messages.after_dispatch import DeviceResults, FollowedUp, FollowUp, Recalled
    from domain.messages.page import (
        GUARDS_DECIDE,
        OPERATORS_DECIDE,
        Carried,
        DispatchRequest,
        DispatchResult,
        Ending,
        LiveStatus,
        PageHeader,
        RecordRequest,
        Retry,
        Route,
        RouteRequest,
        Routing,
        Turn,
        WithDevices,
    )
    from domain.messages.routing import retry_pause
    from domain.messages.statuses import WAITS_FOR_DEVICE
    from domain.workflows.search_attributes import of_state
    from workflows.answers import Answers
    from workflows.history import EventCount, Inbox, RecordedClock
    from workflows.search.attributes import raise_outcome
    from workflows.sending.device_waits import DeviceWaits
    from workflows.sending.fallbacks import Fallbacks
    from workflows.sending.turns import first_turns

# About how many events each makes, with the workflow tasks around it.
A_CHOICE, A_DISPATCH, A_TIMER, A_SIGNAL, A_CHANGE, A_SIDE_ACTIVITY = 2, 8, 5, 4, 6, 6

Dispatch = workflow.ActivityHandle[DispatchResult]


class PageRun:
    """A message is in one of three states: waiting for its turn, in progress (a gateway is being chosen, or it is at
    a gateway), or final.
    """

    def __init__(self, page: PageHeader, content: bytes) -> None:
        carried = page.carried or Carried(0.0, [])
        self._page = replace(page, carried=None)
        self._limits = page.limits or PAGE_LIMITS
        self._inbox = Inbox()
        self._clock = RecordedClock(self._inbox)
        self._events = EventCount(self._limits.events)
        self._content = content
        self._inline_left = self._limits.inline_bytes
        self._accepted_at = carried.accepted_at or self._clock.now()
        self._due = dict(enumerate(page.due))
        """When each message is due (Unix seconds), where it matters."""
        self._live: dict[int, LiveStatus] = {}
        """Messages that are not final."""
        self._waiting: dict[int, Turn] = {}
        """Those of them that wait: they may be cancelled."""
        self._resumed: set[int] = set()
        """Messages whose wait was ended by an operator."""
        self._at_gateways: set[Dispatch] = set()
        """Dispatches that were not cancelled."""
        self._in_flight = 0
        """Activities whose end has not been processed."""
        self._recorded = page.carried is not None
        """Whether the page is in the database, with its credits held."""
        self._fallbacks = Fallbacks(page.awaited, carried.followed)
        self._devices = DeviceWaits(carried.with_devices)
        self._answers = Answers(carried.answers)
        self._withdrawn = carried.withdrawn
        self._paused = carried.paused
        for turn, indexes in carried.turns if page.carried else first_turns(page, self._accepted_at):
            self._queue(indexes, turn)
        self._show_followed(dict(carried.followed))
        for wait in carried.with_devices:
            self._show_with_devices(wait)

    async def _hold(self) -> None:
        """Record the messages and hold their credits."""
        refused: list[int] = await workflow.execute_local_activity(
            "check_credit", args=[self._page, self._content], result_type=list[int], **policy.LOCAL
        )
        self._forget(refused)
        self._recorded = True
        if refused:
            await self._record(RecordRequest(self._page.page_id))

    def _queue(self, indexes: Iterable[int], turn: Turn) -> None:
        state = "scheduled" if turn.waits_for == "schedule" else "queued"
        until = 0.0 if turn.waits_for in OPERATORS_DECIDE else turn.at
        status = LiveStatus(self._page.account_id, state, turn.waits_for, until, turn.gateway)
        for index in indexes:
            self._waiting[index] = turn
            self._live[index] = status

    async def _deliver(self, turn: Turn, indexes: list[int]) -> None:
        """Choose routes for due messages, and dispatch each route independently."""
        if turn.route is not None:
            self._dispatch(turn, replace(turn.route, indexes=indexes))
            return
        self._show(indexes, LiveStatus(self._page.account_id, "queued", attempt=turn.attempt))
        request = RouteRequest(self._page, indexes, turn.attempt, list(turn.excluded), turn.pinned)
        routing: Routing = await workflow.execute_local_activity(
            "choose_gateway", request, result_type=Routing, **policy.LOCAL
        )
        self._clock.saw(routing.at)
        for index in self._resumed.intersection(indexes):  # their time limit for finding a gateway starts again
            self._due[index] = self._clock.now()
        self._resumed.difference_update(indexes)
        for route in routing.routes:
            self._go(turn, route)
        await self._go_without_route(turn, routing)

    async def _go_without_route(self, turn: Turn, routing: Routing) -> None:
        for parked in routing.parked:
            until = max(parked.until, self._clock.now() + self._limits.shortest_park)
            pause = replace(turn, at=until, waits_for=parked.waits_for, gateway=parked.gateway, excluded=())
            await self._wait(parked.indexes, pause, f"gateway {parked.gateway} was down for too long")
        for none in routing.none:
            await self._end(none.indexes, none.state, none.code, none.reason)

    def _go(self, turn: Turn, route: Route) -> None:
        if route.start_at <= self._clock.now() + self._limits.soon:
            self._dispatch(turn, route)
            return
        chosen = replace(route, indexes=[])
        self._queue(
            route.indexes,
            replace(turn, at=route.start_at, waits_for=route.waits_for, gateway=route.gateway, route=chosen),
        )

    def _show_answer(self, turn: Turn, route: Route) -> None:
        awaited = "rate_slot" if route.takes_slots else "gateway_answer"
        answer = LiveStatus(self._page.account_id, "processing", awaited, 0.0, route.gateway, turn.attempt)
        self._show(route.indexes, answer)

    def _dispatch(self, turn: Turn, route: Route, *, at_once: bool = True) -> None:
        """``at_once``: whether nothing was waited for on behalf of the gateway."""
        self._events.add(A_DISPATCH)
        self._show_answer(turn, route)
        at_once = at_once and turn == Turn() and not self._page.stored
        dispatch: Dispatch = workflow.start_activity(
            "dispatch",
            args=[DispatchRequest(self._page.brief(), route, turn.attempt, at_once), self._content_inline()],
            result_type=DispatchResult,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            **policy.dispatch_options(self._page.lane, route),
        )
        self._at_gateways.add(dispatch)
        self._in_flight += 1
        self._inbox.run(self._watch(dispatch, turn, route))

    async def _watch(self, dispatch: Dispatch, turn: Turn, route: Route) -> None:
        """Put a dispatch's end into the inbox. One that was lost has no result."""
        result: DispatchResult | None = None
        try:
            with suppress(ActivityError):
                result = await dispatch
        finally:  # also if it was cancelled in the very task that brought its result, which is then lost
            self._inbox.put(partial(self._dispatched, dispatch, turn, route, result))

    async def _dispatched(self, dispatch: Dispatch, turn: Turn, route: Route, result: DispatchResult | None) -> None:
        self._in_flight -= 1
        is_recalled = dispatch not in self._at_gateways
        self._at_gateways.discard(dispatch)
        if result is None and is_recalled:  # it was lost after cancellation: another one finds out what it had done
            self._queue(route.indexes, replace(turn, route=None))
            return
        if result is None:
            await self._record(RecordRequest(self._page.page_id, lost_attempt=turn.attempt, lost=route.indexes))
            self._forget(route.indexes)
            return
        self._clock.saw(result.at)
        raise_outcome(result.outcome)
        if done := done_of(route, result):
            await self._record(RecordRequest(self._page.page_id))
            self._forget(done)
        for more in result.again:
            await self._retry(turn, route, more)

    def _content_inline(self) -> bytes:
        """The page's content for an activity; empty when it is stored, or this run has handed out enough of it."""
        if len(self._content) > self._inline_left:
            return b""
        self._inline_left -= len(self._content)
        return self._content

    async def _retry(self, turn: Turn, route: Route, more: Retry) -> None:
        """Retry messages that the gateway surely did not accept, or that may be sent twice."""
        if more.kind == "with_device":
            self._leave_to_devices(WithDevices(turn, route, self._clock.now() + more.after, more.indexes))
            return
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
        elif more.kind == "resend":  # safe only through the gateway of the first try
            after = replace(after, pinned=route.gateway_id)
        elif more.kind == "retry_later":
            at = self._clock.now() + (more.after or retry_pause(after.attempt))
            after = replace(after, at=at, waits_for="retry_pause", gateway=route.gateway)
        await self._wait(more.indexes, after, f"{turn.attempt} tries, the last one: {more.reason}")

    def _leave_to_devices(self, wait: WithDevices) -> None:
        self._devices.add(wait)
        self._show_with_devices(wait)
        if self._devices.may_have_ended:
            self._inbox.put(self._read_devices)

    def _show_with_devices(self, wait: WithDevices) -> None:
        gateway, attempt = wait.route.gateway, wait.turn.attempt
        self._show(
            wait.indexes, LiveStatus(self._page.account_id, "queued", WAITS_FOR_DEVICE, wait.until, gateway, attempt)
        )

    async def _devices_reported(self) -> None:
        """Attempts by phones have ended."""
        self._devices.may_have_ended = self._in_flight > 0  # a dispatch may not have told yet whom it left to phones
        await self._read_devices()

    async def _read_devices(self) -> None:
        if not self._devices.is_open:
            return
        request = self._devices.request(self._page.page_id, self._devices.all())
        results: DeviceResults = await workflow.execute_local_activity(
            "device_results", request, result_type=DeviceResults, **policy.LOCAL
        )
        self._clock.saw(results.at)
        for more in results.again:
            for turn, route, indexes in list(self._devices.ways(more.indexes)):
                self._devices.drop(indexes)
                await self._retry(turn, route, replace(more, indexes=indexes))
        ended = [index for ending in results.endings for index in ending.indexes]
        if results.done or ended:
            await self._record(RecordRequest(self._page.page_id, results.endings))
            self._forget([*results.done, *ended])

    async def _take_back(self, indexes: Sequence[int], *, ask: bool) -> Recalled:
        """Take back messages that no phone has. ``ask``: phones are to give back those that they have."""
        if not (own := [index for index in indexes if index in self._devices]):
            return Recalled()
        recalled: Recalled = await workflow.execute_local_activity(
            "recall_from_devices",
            self._devices.request(self._page.page_id, own, ask=ask),
            result_type=Recalled,
            **policy.LOCAL,
        )
        for turn, _, withdrawn in list(self._devices.ways(recalled.withdrawn)):
            self._devices.drop(withdrawn)
            self._queue(withdrawn, replace(turn, at=0.0, waits_for="", gateway="", route=None))
        return recalled

    async def _wait(self, indexes: list[int], turn: Turn, too_late: str) -> None:
        """Let messages wait for a gateway, within their time limits; a paused gateway is waited for without limit."""
        if turn.waits_for in GUARDS_DECIDE:  # their time limit for finding a gateway begins when the wait ends
            self._due.update(dict.fromkeys(indexes, turn.at))
        moment = 0.0 if turn.waits_for in OPERATORS_DECIDE else max(turn.at, self._clock.now())
        expired = [i for i in indexes if moment > max(self._accepted_at, self._due.get(i, 0.0)) + self._limits.wait]
        self._queue([i for i in indexes if i not in expired], turn)
        if expired:
            code = "retry_later" if turn.waits_for == "retry_pause" else "gateway_down"
            await self._end(expired, "expired", code, too_late)

    async def _end(self, indexes: list[int], state: str, code: str, reason: str) -> None:
        await self._record(RecordRequest(self._page.page_id, [Ending(indexes, state, code, reason)]))
        self._forget(indexes)

    async def _record(self, request: RecordRequest) -> None:
        for ending in request.endings:
            raise_outcome(of_state(ending.state))
        raise_outcome("unknown" if request.lost else "")
        endpoints: list[str] | None = await workflow.execute_local_activity(
            "record_status", request, result_type=list[str], **policy.LOCAL
        )
        self._notify(endpoints)

    def _notify(self, endpoints: list[str] | None) -> None:
        if endpoints:
            options = policy.errand_options(self._page.lane) | {"schedule_to_close_timeout": policy.WAKING}
            arguments = [policy.CALLBACK_QUEUE, endpoints]
            self._side_activity(
                workflow.start_activity("wake_callbacks", args=arguments, **options), self._ignore_result
            )

    def _side_activity(self, activity: workflow.ActivityHandle[Any], act: Callable[[Any], None]) -> None:
        """Have ``act`` called with an activity's result, or with nothing where it failed."""
        self._events.add(A_SIDE_ACTIVITY)
        self._in_flight += 1

        async def watch() -> None:
            result = None
            with suppress(ActivityError):
                result = await activity
            self._inbox.put(partial(ended, result))

        async def ended(result: Any) -> None:
            self._in_flight -= 1
            act(result)

        self._inbox.run(watch())

    @staticmethod
    def _ignore_result(result: None) -> None:
        """Maintenance wakes endpoints that the page could not wake."""

    def _follow_up(self, looks: list[tuple[int, bool]]) -> None:
        """Check messages with a fallback, and send due fallbacks."""
        options = policy.start_options(self._page.lane, self._page.account_id)
        request = FollowUp(self._page.brief(), looks, options["task_queue"], options["priority"].priority_key)
        activity = workflow.start_activity(
            "follow_up",
            args=[request, self._content_inline()],
            result_type=FollowedUp,
            **policy.errand_options(self._page.lane),
        )
        self._side_activity(activity, partial(self._followed_up, [index for index, _ in looks]))

    def _followed_up(self, indexes: list[int], found: FollowedUp | None) -> None:
        assert found is not None, "it is retried until it succeeds"
        waiting = self._fallbacks.looked(indexes, found.waiting, found.at)
        self._clock.saw(found.at)
        for index in indexes:
            self._live.pop(index, None)
        if not self._withdrawn:
            self._show_followed(waiting)

    def _show_followed(self, until: Mapping[int, float]) -> None:
        for index, at in until.items():
            self._show([index], LiveStatus(self._page.account_id, "queued", "fallback", at))

    def _show(self, indexes: Sequence[int], status: LiveStatus) -> None:
        self._live.update(dict.fromkeys(indexes, status))

    def _forget(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            self._live.pop(index, None)
            self._waiting.pop(index, None)
            self._fallbacks.left(index)
        self._devices.drop(indexes)


def done_of(route: Route, result: DispatchResult) -> list[int]:
    """The messages of a route that have their outcome."""
    again = {index for more in result.again for index in more.indexes}
    return [index for index in route.indexes if index not in again]

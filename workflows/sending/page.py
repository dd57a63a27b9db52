"""A page's run loop: starts messages when they are due, and processes external events one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy
    from domain.ids import index_of
    from domain.limits import PAGE_LIMITS
    from domain.messages.page import (
        OPERATORS_DECIDE,
        Carried,
        ChangeRequest,
        LiveStatus,
        PageHeader,
        PageSignal,
        RescheduleRequest,
        SentAtOnce,
        Turn,
    )
    from domain.messages.statuses import WITH_DEVICE
    from workflows.search.attributes import raise_outcome
    from workflows.sending.page_run import A_CHANGE, A_CHOICE, A_SIGNAL, A_TIMER, Dispatch, PageRun, done_of
    from workflows.sending.turns import group_due, group_turns

_SOON = 0.001
"""Seconds: a dispatch must not be cancelled in the task in which it was scheduled (workflows/history.py)."""
_ENDING = 10.0
"""Seconds that dispatches have to end before a run with a very long history cancels them."""


class Page(PageRun):
    """Messages with equal turns are sent as a group."""

    def __init__(self, page: PageHeader, content: bytes) -> None:
        super().__init__(page, content)
        self._signals: list[PageSignal] = []
        """Signals that have not been processed."""
        self._is_ending = False
        """Whether the history is so long that this run starts nothing more."""
        for signal in page.carried.signals if page.carried else ():
            self.receive(signal)

    async def run(self) -> None:
        """Send the page; returns when each of its messages has an outcome in the database."""
        working = asyncio.create_task(self._work())
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            self.receive(PageSignal("withdraw"))
            await working
            raise

    def status(self, index: int) -> LiveStatus | None:
        """Why a message is not final yet; ``None`` when this page does not have it, or has ended it."""
        status = self._live.get(index)
        return replace(status, account_id=self._page.account_of(index)) if status else None

    def waits(self) -> list[LiveStatus]:
        """What the messages without an ending wait for, each wait once."""
        return list(dict.fromkeys(self._live.values()))

    def answer_to(self, change_id: str) -> str | None:
        """The result of a change."""
        return self._answers.get(change_id)

    def receive(self, signal: PageSignal) -> None:
        """Put a signal into the inbox."""
        if signal.change is None or self._answers.begin(signal.change.id):
            self._signals.append(signal)
            self._inbox.put(partial(self._act_on, signal))

    async def _work(self) -> None:
        if not self._recorded:
            may_send_at_once = self._limits.at_once and not self._page.due and not self._page.stored
            await (self._send_at_once() if may_send_at_once else self._hold())
        while True:
            await self._start_due()
            if not (self._waiting or self._in_flight or self._fallbacks.is_open or self._devices.is_open):
                await self._inbox.empty()  # pending changes get their answers; they change nothing now
                return
            if self._wants_fresh_run():
                self._continue_as_new()
            self._events.add(A_TIMER)
            self._clock.wake_at(self._next_at())
            await self._inbox.take()

    async def _send_at_once(self) -> None:
        """Record the messages, hold their credits and send them, as far as nothing is to be waited for."""
        self._events.add(A_CHOICE)
        sent: SentAtOnce = await workflow.execute_local_activity(
            "send_at_once", args=[self._page, self._content], result_type=SentAtOnce, **policy.LOCAL
        )
        self._recorded = True
        turn = Turn()
        self._clock.saw(sent.routing.at)
        self._waiting.clear()
        self._forget(sent.refused)
        self._notify(sent.endpoints)
        routes = list(zip_longest(sent.routing.routes, sent.ended))
        for route, result in routes:
            if result:
                self._clock.saw(result.at)
                self._forget(done_of(route, result))
                raise_outcome(result.outcome)
        for route, result in routes:
            if result:
                for more in result.again:
                    await self._retry(turn, route, more)
            elif sent.ended:
                self._dispatch(turn, route, at_once=False)
            else:
                self._go(turn, route)
        await self._go_without_route(turn, sent.routing)

    async def _start_due(self) -> None:
        """Start messages until none is due."""
        while not self._is_ending:
            now = self._clock.now()
            if looks := self._fallbacks.take_due(now):
                self._follow_up(looks)
            due = [] if self._paused and not self._withdrawn else group_due(self._waiting, now)
            for turn, indexes in group_turns(self._waiting) if self._withdrawn else due:
                await self._start_group(turn, sorted(indexes))
            if not due:
                return

    async def _start_group(self, turn: Turn, indexes: list[int]) -> None:
        self._events.add(A_CHOICE)
        for index in indexes:
            if self._waiting.pop(index).waits_for in OPERATORS_DECIDE:
                self._resumed.add(index)
        if self._withdrawn:
            await self._end(indexes, "cancelled", "cancelled", "cancelled by an operator")
        else:
            await self._deliver(turn, indexes)

    def _next_at(self) -> float:
        turns = () if self._paused or self._is_ending else self._waiting.values()
        return min((self._fallbacks.next_at(), *(turn.at for turn in turns)))

    def _wants_fresh_run(self) -> bool:
        """When the history is long: as soon as nothing is in flight. When it is very long, nothing more is started."""
        if self._events.reached(2) and not self._is_ending:
            self._is_ending = True
            self._recall(_ENDING)
        return self._events.reached() and not self._in_flight

    def _continue_as_new(self) -> None:
        carried = Carried(
            self._accepted_at,
            group_turns(self._waiting),
            self._paused,
            self._fallbacks.carried(),
            self._answers.carried,
            self._signals,
            self._withdrawn,
            self._devices.carried(),
        )
        due = [self._due.get(index, 0.0) for index in range(self._page.size)] if self._due else []
        page = replace(self._page, due=due, carried=carried, limits=PAGE_LIMITS)
        workflow.continue_as_new(args=[page, self._content])

    async def _act_on(self, signal: PageSignal) -> None:
        self._events.add(A_SIGNAL)
        self._signals.remove(signal)
        acts: dict[str, Callable[[], Awaitable[None] | None]] = {
            "pause": partial(self._pause, True),
            "resume": partial(self._pause, False),
            "gateway_resumed": partial(self._look_again, "gateway_paused"),
            "account_resumed": partial(self._look_again, "account_suspended", "sending_paused", "reputation_guard"),
            "switch_gateway": partial(self._switch_gateway, signal.gateway),
            "reported": partial(self._fallbacks.reported, map(_index, signal.uids)),
            "opted_out": partial(self._opt_out, list(map(_index, signal.uids))),
            "ended": partial(self._drop, list(map(_index, signal.uids))),
            "devices_reported": self._devices_reported,
            "withdraw": self._withdraw,
            "change": partial(self._change, signal.change),
        }
        acted = acts[signal.name]()
        if acted is not None:
            await acted

    async def _pause(self, paused: bool) -> None:
        self._paused = paused
        if paused:
            self._recall()
            await self._take_back(self._devices.all(), ask=False)

    async def _withdraw(self) -> None:
        self._withdrawn = True
        self._recall()
        await self._take_back(self._devices.all(), ask=True)
        for index in self._fallbacks.end():
            self._live.pop(index, None)

    def _look_again(self, *waits_for: str) -> None:
        for index, turn in list(self._waiting.items()):
            if turn.waits_for in waits_for:
                self._queue([index], replace(turn, at=0.0))

    async def _switch_gateway(self, identifier: str) -> None:
        """Send everything that still waits through another gateway."""
        self._recall()
        await self._take_back(self._devices.all(), ask=False)
        self._page = replace(self._page, requested={identifier: list(range(self._page.size))})
        for index, turn in list(self._waiting.items()):
            if not turn.pinned:
                at, waits_for = (turn.at, turn.waits_for) if turn.waits_for == "schedule" else (0.0, "")
                self._queue([index], replace(turn, at=at, waits_for=waits_for, gateway="", excluded=(), route=None))

    def _recall(self, after: float = _SOON) -> None:
        """Have dispatches return the messages that they have not started."""
        if self._at_gateways:
            self._inbox.put_after(after, partial(self._cancel, set(self._at_gateways)))

    async def _cancel(self, dispatches: set[Dispatch]) -> None:
        for dispatch in dispatches & self._at_gateways:
            self._at_gateways.discard(dispatch)
            dispatch.cancel()

    async def _opt_out(self, indexes: list[int]) -> None:
        """Cancel waiting messages whose recipient has opted out."""
        await self._take_back(indexes, ask=True)
        waiting = [index for index in indexes if index in self._waiting and not self._waiting[index].pinned]
        for index in waiting:
            del self._waiting[index]
        if waiting:
            await self._end(waiting, "cancelled", "opted_out", "the recipient wants no more messages")

    def _drop(self, indexes: list[int]) -> None:
        """Wait no longer for messages that have ended in the database."""
        self._forget([index for index in indexes if index in self._waiting or index in self._devices])

    async def _change(self, request: ChangeRequest | None) -> None:
        assert request is not None
        self._events.add(A_CHANGE)
        try:
            if request.kind == "cancel":
                await self._cancel_message(_index(request.uid))
            else:
                await self._reschedule(RescheduleRequest(request.uid, request.at))
        except ApplicationError as refusal:
            self._answers.give(request.id, refusal.message)
        else:
            self._answers.give(request.id)

    async def _cancel_message(self, index: int) -> None:
        if (await self._take_back([index], ask=True)).asked:
            raise ApplicationError(WITH_DEVICE, type="NotWaiting")
        turn = self._waiting.get(index)
        if turn is None or turn.pinned:  # a message that waits to be sent again may have left long ago
            raise ApplicationError("only a message that still waits can be cancelled", type="NotWaiting")
        del self._waiting[index]
        await self._end([index], "cancelled", "cancelled", "cancelled by the sender")

    async def _reschedule(self, request: RescheduleRequest) -> None:
        index = _index(request.uid)
        turn = self._waiting.get(index)
        if turn is None or turn.waits_for != "schedule":
            raise ApplicationError("only a message that waits for its time can be moved", type="NotWaiting")
        self._due[index] = request.at
        self._queue([index], replace(turn, at=request.at))
        at: float | None = await workflow.execute_local_activity("record_schedule", request, **policy.LOCAL)
        self._clock.saw(at or 0.0)  # the new time may be past already


def _index(uid: str) -> int:
    return index_of(UUID(uid))

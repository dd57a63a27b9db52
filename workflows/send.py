"""The workflow of a page: check credit, choose a gateway, dispatch, record status."""

import asyncio
from collections.abc import Awaitable, Sequence
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.ids import index_of
    from domain.page import (
        Again,
        DispatchRequest,
        DispatchResult,
        Ending,
        LiveStatus,
        PageHeader,
        Parked,
        RecordRequest,
        RescheduleRequest,
        Route,
        RouteRequest,
        Routing,
    )
    from domain.routing import retry_pause
    from workflows.policy import LOCAL, MAX_ATTEMPTS, MAX_WAIT, dispatch_options

_SOON = 1.0
"""A wait shorter than this is left to the dispatch, which paces anyway: no timer for it."""


@workflow.defn
class SendWorkflow:
    """Sends one page. It holds why each message waits; what became of it is in the record, written as it happens."""

    @workflow.init
    def __init__(self, page: PageHeader, content: bytes) -> None:
        self._page = page
        self._content = content
        self._live = {index: LiveStatus(page.account_id, "queued") for index in range(page.size)}
        """Messages without an ending."""
        now = workflow.time()
        self._due = {index: at for index, at in enumerate(page.due) if at > now}
        """Messages that wait for their time, and when that is (Unix seconds)."""
        self._waiting: set[int] = set()
        """Messages in a pause, which may still be cancelled."""
        self._recorded = False
        """Whether the page stands in the record, with its credits held."""
        self._deadline = max(now, *page.due, 0.0) + MAX_WAIT

    @workflow.run
    async def run(self, page: PageHeader, content: bytes) -> None:
        """Send the page; completes when each of its messages has an outcome in the record."""
        refused: list[int] = await workflow.execute_local_activity(
            "check_credit", args=[page, content], result_type=list[int], **LOCAL
        )
        self._forget(refused)
        for index in refused:
            self._due.pop(index, None)
        self._recorded = True
        at_once = [i for i in self._live if i not in self._due]
        if self._due:
            await asyncio.gather(self._deliver(at_once), self._deliver_scheduled())
        else:
            await self._deliver(at_once)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.query
    def status(self, uid: str) -> LiveStatus | None:
        """Why a message is not final yet; ``None`` when this page does not have it, or has ended it."""
        index = index_of(UUID(uid))
        live = self._live.get(index)
        if live and index in self._due:
            return LiveStatus(live.account_id, "scheduled", "schedule", self._due[index])
        return live

    @workflow.update
    async def cancel(self, uid: str) -> None:
        """Take back a message that still waits, and release its credit."""
        index = index_of(UUID(uid))
        self._due.pop(index, None)
        self._waiting.discard(index)
        await workflow.wait_condition(lambda: self._recorded)
        await self._end([index], "cancelled", "cancelled", "cancelled by the sender")

    @cancel.validator
    def _may_cancel(self, uid: str) -> None:
        index = index_of(UUID(uid))
        if index not in self._due and index not in self._waiting:
            raise ApplicationError("only a message that still waits can be cancelled", type="NotWaiting")

    @workflow.update
    async def reschedule(self, request: RescheduleRequest) -> None:
        """Move a message that waits for its time to another time."""
        self._due[index_of(UUID(request.uid))] = request.at
        self._deadline = max(self._deadline, request.at + MAX_WAIT)
        await workflow.wait_condition(lambda: self._recorded)
        await workflow.execute_local_activity("record_schedule", request, **LOCAL)

    @reschedule.validator
    def _may_reschedule(self, request: RescheduleRequest) -> None:
        if index_of(UUID(request.uid)) not in self._due:
            raise ApplicationError("only a message that waits for its time can be moved", type="NotWaiting")

    async def _deliver_scheduled(self) -> None:
        under_way: list[asyncio.Task[None]] = []
        while self._due:
            before = dict(self._due)
            pause = max(0.0, min(before.values()) - workflow.time())
            try:
                await workflow.wait_condition(lambda: self._due != before, timeout=pause)  # noqa: B023 - awaited here
            except TimeoutError:
                now = workflow.time()
                ready = [i for i, at in self._due.items() if at <= now]
                for index in ready:
                    del self._due[index]
                under_way.append(asyncio.create_task(self._deliver(ready)))
        await asyncio.gather(*under_way)

    async def _deliver(
        self, indexes: list[int], attempt: int = 1, excluded: Sequence[str] = (), pinned: str = ""
    ) -> None:
        """Bring messages to their end: choose ways out, and go each of them at its own speed."""
        if not indexes:
            return
        self._show(indexes, "queued")
        request = RouteRequest(self._page, indexes, attempt, list(excluded), pinned)
        routing: Routing = await workflow.execute_local_activity(
            "choose_gateway", request, result_type=Routing, **LOCAL
        )
        ways: list[Awaitable[None]] = [self._send_through(r, attempt, excluded) for r in routing.routes]
        ways += [self._park(parked, attempt, pinned) for parked in routing.parked]
        ways += [self._end(none.indexes, "failed", none.code, none.reason) for none in routing.none]
        if len(ways) == 1:  # the common case, without the cost of a task
            await ways[0]
        else:
            await asyncio.gather(*ways)

    async def _send_through(self, route: Route, attempt: int, excluded: Sequence[str]) -> None:
        indexes = route.indexes
        if route.start_at > workflow.time() + _SOON:
            indexes = await self._pause(indexes, route.start_at, route.waits_for, route.gateway)
            if not indexes:
                return
            route = Route(**{**vars(route), "indexes": indexes})
        self._show(indexes, "processing", "gateway_answer", gateway=route.gateway, attempt=attempt)
        try:
            result: DispatchResult = await workflow.execute_activity(
                "dispatch",
                args=[DispatchRequest(self._page, route, attempt), self._content],
                result_type=DispatchResult,
                **dispatch_options(len(indexes), route.per_second),
            )
        except ActivityError:
            await self._record(RecordRequest(self._page.page_id, lost_attempt=attempt, lost=indexes))
            self._forget(indexes)
            return
        again = {i for more in result.again for i in more.indexes}
        if len(again) < len(indexes):
            await self._record(RecordRequest(self._page.page_id))
            self._forget([i for i in indexes if i not in again])
        if again:
            await asyncio.gather(*(self._once_more(more, route, attempt, excluded) for more in result.again))

    async def _once_more(self, more: Again, route: Route, attempt: int, excluded: Sequence[str]) -> None:
        """Another round for messages that the gateway surely did not take, or that may be sent twice."""
        indexes = more.indexes
        if more.kind == "not_started":
            await self._deliver(indexes, attempt, excluded)
        elif attempt >= MAX_ATTEMPTS:
            await self._end(indexes, "failed", "attempts_exhausted", f"{attempt} tries, the last one: {more.reason}")
        elif more.kind == "gateway_down":
            await self._deliver(indexes, attempt + 1, [*excluded, route.gateway_id])
        elif more.kind == "resend":
            await self._deliver(indexes, attempt + 1, excluded, pinned=route.gateway_id)
        else:
            until = workflow.time() + (more.after or retry_pause(attempt + 1))
            waited = await self._pause(indexes, until, "retry_pause", route.gateway)
            await self._deliver(waited, attempt + 1, excluded)

    async def _park(self, parked: Parked, attempt: int, pinned: str) -> None:
        if workflow.time() > self._deadline:
            await self._end(parked.indexes, "expired", "gateway_down", f"gateway {parked.gateway} was down too long")
            return
        indexes = await self._pause(parked.indexes, parked.until, "gateway_breaker", parked.gateway)
        await self._deliver(indexes, attempt, pinned=pinned)

    async def _pause(self, indexes: list[int], until: float, why: str, gateway: str) -> list[int]:
        """Wait for a moment. Returns the messages that were not cancelled meanwhile."""
        self._show(indexes, "queued", why, until, gateway)
        mine = set(indexes)
        self._waiting |= mine
        try:
            pause = max(0.0, until - workflow.time())
            await workflow.wait_condition(lambda: self._waiting.isdisjoint(mine), timeout=pause)
        except TimeoutError:
            pass
        left = [i for i in indexes if i in self._waiting]
        self._waiting -= mine
        return left

    async def _end(self, indexes: list[int], state: str, code: str, reason: str) -> None:
        await self._record(RecordRequest(self._page.page_id, [Ending(indexes, state, code, reason)]))
        self._forget(indexes)

    async def _record(self, request: RecordRequest) -> None:
        await workflow.execute_local_activity("record_status", request, **LOCAL)

    def _show(
        self,
        indexes: list[int],
        state: str,
        waits_for: str = "",
        until: float = 0.0,
        gateway: str = "",
        attempt: int = 0,
    ) -> None:
        status = LiveStatus(self._page.account_id, state, waits_for, until, gateway, attempt)
        self._live.update(dict.fromkeys(indexes, status))

    def _forget(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            self._live.pop(index, None)

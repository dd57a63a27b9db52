"""What the history of a page's workflow says about each of its messages."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from domain.ids import index_of
from domain.messages.page import (
    ChangeRequest,
    DispatchRequest,
    DispatchResult,
    PageHeader,
    Route,
    Routing,
    SentAtOnce,
)
from services.sending.page_runs import RPC_TIMEOUT

_NOT_SENT = frozenset({"gateway_down", "held_back", "not_started", "retry_later"})
"""Kinds of ``Retry`` whose messages the gateway surely did not accept."""
_OPTED_OUT = ("cancelled", "opted_out", "the recipient wants no more messages")
_CANCELLED = ("cancelled", "cancelled", "cancelled by the sender")
_WITHDRAWN = ("cancelled", "cancelled", "cancelled by an operator")


@dataclass(frozen=True, slots=True)
class Try:
    """A message may have been handed to a gateway."""

    attempt: int
    gateway_id: UUID | None
    """``None``: which one is not known."""


@dataclass
class PageHistory:
    """The latest run of a page's workflow."""

    header: PageHeader
    content: bytes
    is_running: bool
    is_completed: bool
    """Whether it ended by itself: then each of its messages has got an outcome."""
    last_at: float = 0.0
    """When something was last written to it, in Unix seconds."""
    followed_at: float = 0.0
    """When it last looked whether messages need their fallback."""
    was_begun: bool = False
    """Whether a worker had it."""
    may_have_left: dict[int, Try] = field(default_factory=dict)
    """Messages that may have been sent, by index."""
    ended: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Messages that ended unsent, where that is known: state, code and reason."""
    due: dict[int, float] = field(default_factory=dict)
    """Times that messages were moved to."""

    def follow_carried(self) -> None:
        """Messages that an earlier run ended, or whose outcome it left open, may have left then."""
        carried = self.header.carried
        if carried is None:
            return
        waiting = {index for turn, indexes in carried.turns for index in indexes if not turn.pinned}
        for index in set(range(self.header.size)) - waiting:
            self.may_have_left.setdefault(index, Try(1, None))


async def read_page(client: Client, found: WorkflowExecution) -> PageHistory | None:
    """``None``: Temporal has just forgotten it.

    Raises:
        RPCError: Temporal does not answer.
        KeyringError: it was sealed by a key that this process does not have.
        UnsealedPayloadError: this install did not start it.
    """
    return await _Reader(client, found).read()


class _Reader:
    """Follows the events of one run."""

    def __init__(self, client: Client, found: WorkflowExecution) -> None:
        self._client = client
        self._found = found
        self._dispatches: dict[int, tuple[DispatchRequest, list[int]]] = {}
        """Those whose end was not read, by event, with the messages that nothing else may have sent."""
        self._ids: dict[str, int] = {}
        self._certain: set[int] = set()
        self._was_tried_at_once = False
        self._page: PageHistory | None = None

    async def read(self) -> PageHistory | None:
        handle = self._client.get_workflow_handle(self._found.id, run_id=self._found.run_id)
        async for event in handle.fetch_history_events(rpc_timeout=RPC_TIMEOUT):
            await self._take(event)
        page = self._page
        if page is None:
            return None
        if page.is_running and self._dispatches:
            await self._drop_unstarted()
        limits = page.header.limits
        may_be_at_once = limits is not None and limits.at_once and not (page.header.due or page.header.stored)
        if (
            page.header.carried is None
            and page.was_begun
            and not self._was_tried_at_once
            and (may_be_at_once or limits is None)
        ):
            # Its first round was under way, or it is of the first release, which wrote less into its history.
            for index in range(page.header.size):
                page.may_have_left.setdefault(index, Try(1, None))
        page.follow_carried()
        return page

    async def _decode(self, payloads: Iterable[Payload], *types: type) -> list[Any]:
        return await self._client.data_converter.decode(list(payloads)[: len(types)], list(types))

    async def _take(self, event: HistoryEvent) -> None:
        if self._page is None:
            started = event.workflow_execution_started_event_attributes
            header, content = await self._decode(started.input.payloads, PageHeader, bytes)
            status = self._found.status
            self._page = PageHistory(
                header,
                content,
                is_running=status == WorkflowExecutionStatus.RUNNING,
                is_completed=status == WorkflowExecutionStatus.COMPLETED,
            )
        self._page.last_at = event.event_time.ToMicroseconds() / 1e6
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                self._page.was_begun = True
            case EventType.EVENT_TYPE_MARKER_RECORDED:
                await self._take_marker(event)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                await self._take_dispatch(event)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                if (dispatch := self._dispatches.pop(done.scheduled_event_id, None)) is not None:
                    (result,) = await self._decode(done.result.payloads, DispatchResult)
                    self._take_result(dispatch[0].route, dispatch[0].attempt, result)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                await self._take_signal(event)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
                for index in range(self._page.header.size):
                    self._page.ended.setdefault(index, _WITHDRAWN)

    async def _take_marker(self, event: HistoryEvent) -> None:
        assert self._page is not None
        marker = event.marker_recorded_event_attributes
        if "result" not in marker.details or "data" not in marker.details:
            return
        name = json.loads(marker.details["data"].payloads[0].data).get("activity_type")
        results = marker.details["result"].payloads
        if name == "check_credit":
            (refused,) = await self._decode(results, list[int])
            self._refuse(refused)
        elif name == "choose_gateway":
            (routing,) = await self._decode(results, Routing)
            self._end_unrouted(routing)
        elif name == "send_at_once":
            (sent,) = await self._decode(results, SentAtOnce)
            self._was_tried_at_once = True
            self._refuse(sent.refused)
            self._end_unrouted(sent.routing)
            for route, result in zip_longest(sent.routing.routes, sent.ended):
                if sent.ended:
                    self._try(route.indexes, Try(1, UUID(route.gateway_id)))
                if result is not None:
                    self._take_result(route, 1, result)

    def _refuse(self, indexes: Sequence[int]) -> None:
        assert self._page is not None
        for index in indexes:
            self._page.ended[index] = ("rejected", "restored", "it was refused before it was sent")

    def _end_unrouted(self, routing: Routing) -> None:
        assert self._page is not None
        for none in routing.none:
            self._page.ended.update(dict.fromkeys(none.indexes, (none.state, none.code, none.reason)))

    async def _take_dispatch(self, event: HistoryEvent) -> None:
        assert self._page is not None
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name == "follow_up":
            self._page.followed_at = self._page.last_at
        if scheduled.activity_type.name != "dispatch":
            return
        (request,) = await self._decode(scheduled.input.payloads, DispatchRequest)
        fresh = [index for index in request.route.indexes if index not in self._page.may_have_left]
        self._dispatches[event.event_id] = request, fresh
        self._ids[scheduled.activity_id] = event.event_id
        self._try(request.route.indexes, Try(request.attempt, UUID(request.route.gateway_id)))

    def _try(self, indexes: Iterable[int], tried: Try) -> None:
        assert self._page is not None
        self._page.may_have_left.update(dict.fromkeys(indexes, tried))

    def _take_result(self, route: Route, attempt: int, result: DispatchResult) -> None:
        """A later dispatch of the same try finds out what the one before it has sent."""
        assert self._page is not None
        unsent = {index for more in result.again if more.kind in _NOT_SENT for index in more.indexes}
        for index in route.indexes:
            if index not in unsent:
                self._certain.add(index)
            elif index not in self._certain:
                self._page.may_have_left.pop(index, None)

    async def _take_signal(self, event: HistoryEvent) -> None:
        assert self._page is not None
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name == "change":
            (change,) = await self._decode(signal.input.payloads, ChangeRequest)
            index = index_of(UUID(change.uid))
            if change.kind == "cancel":
                self._page.ended[index] = _CANCELLED
            else:
                self._page.due[index] = change.at
        elif signal.signal_name in ("opted_out", "ended"):
            (uids,) = await self._decode(signal.input.payloads, list[str])
            self._page.ended.update({index_of(UUID(uid)): _OPTED_OUT for uid in uids})

    async def _drop_unstarted(self) -> None:
        """Dispatches that no worker has had have sent nothing."""
        assert self._page is not None
        handle = self._client.get_workflow_handle(self._found.id, run_id=self._found.run_id)
        described = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        for pending in described.raw_description.pending_activities:
            scheduled = self._ids.get(pending.activity_id)
            if scheduled not in self._dispatches or pending.attempt > 1 or pending.HasField("last_started_time"):
                continue
            for index in self._dispatches[scheduled][1]:
                self._page.may_have_left.pop(index, None)

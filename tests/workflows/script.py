"""Scripted activities, where the flow of the workflow alone is under test, and a page that runs through them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.ids import message_uid, new_page_id, send_workflow_id
from domain.limits import PAGE_LIMITS
from domain.messages.after_dispatch import FollowedUp, FollowUp
from domain.messages.page import (
    ChangeRequest,
    DispatchRequest,
    DispatchResult,
    LiveStatus,
    PageHeader,
    Parked,
    RecordRequest,
    RescheduleRequest,
    Retry,
    Route,
    RouteRequest,
    Routing,
    SentAtOnce,
)
from domain.messages.routing import PAUSED_LOOK, SUSPENDED_LOOK
from services.workflow_calls import ChangeRefused, answer_to, change_workflow
from workflows.policy import DISPATCH_QUEUE, WORKFLOW_QUEUE
from workflows.receipts import ReceiptsWorkflow
from workflows.send import SendWorkflow

RECALLED = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
CONTENT = b"content of the page"

Routings = Callable[[RouteRequest, float], Routing]
"""Answers a request for ways out at a time (Unix seconds)."""


def route(request: RouteRequest, gateway: str = "a", **more: object) -> Route:
    """A way out through a gateway for all that was asked for."""
    return Route(gateway_id=f"id-{gateway}", gateway=gateway, version=1, **{"indexes": request.indexes, **more})


def through(gateway: str = "a", **more: object) -> Routings:
    return lambda request, at: Routing([route(request, gateway, **more)])


def slot_in(seconds: float, waits_for: str = "rate_slot") -> Routings:
    return lambda request, at: Routing([route(request, start_at=at + seconds, waits_for=waits_for)])


def parked(seconds: float, gateway: str = "a") -> Routings:
    return lambda request, at: Routing(parked=[Parked(request.indexes, at + seconds, gateway)])


def paused(gateway: str = "a") -> Routings:
    """An operator paused the gateway."""
    return lambda request, at: Routing(
        parked=[Parked(request.indexes, at + PAUSED_LOOK, gateway, "gateway_paused", [f"id-{gateway}"])]
    )


def suspended() -> Routings:
    """The account is suspended."""
    return lambda request, at: Routing(parked=[Parked(request.indexes, at + SUSPENDED_LOOK, "", "account_suspended")])


def again(kind: str, after: float = 0.0, reason: str = "because") -> Callable[[DispatchRequest], DispatchResult]:
    return lambda request: DispatchResult([Retry(kind, request.route.indexes, after, reason)])


def all_done(request: DispatchRequest) -> DispatchResult:
    return DispatchResult()


def given_up(request: DispatchRequest) -> DispatchResult:
    raise ApplicationError("no worker could do it", non_retryable=True)


@dataclass
class Script:
    """What the activities answer, call after call (the last answer is repeated), and what they were asked."""

    env: WorkflowEnvironment
    refused: list[int] = field(default_factory=list)
    routings: Sequence[Routings] = (through(),)
    dispatches: Sequence[Callable[[DispatchRequest], DispatchResult]] = (all_done,)
    waits: Sequence[list[int]] = ([],)
    """Messages with a fallback that may still arrive, look after look."""
    hold: Callable[[DispatchRequest], Awaitable[object]] | None = None
    """Dispatch waits for it before it answers."""
    looks: list[list[tuple[int, bool]]] = field(default_factory=list)
    """Messages whose fallback was thought of, and whether their time was over, look after look."""
    listeners: Sequence[str] = ()
    """Endpoints of customers that hear whatever is recorded."""
    late: Sequence[str] = ()
    """Gateways that do not answer at once."""
    sent_at_once: list[DispatchRequest] = field(default_factory=list)
    asked: list[RouteRequest] = field(default_factory=list)
    sent: list[DispatchRequest] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    records: list[RecordRequest] = field(default_factory=list)
    moved: list[RescheduleRequest] = field(default_factory=list)
    woken: list[tuple[str, list[str]]] = field(default_factory=list)
    checks: int = 0

    @activity.defn(name="check_credit")
    async def check_credit(self, page: PageHeader, content: bytes) -> list[int]:
        self.checks += 1
        return self.refused

    @activity.defn(name="choose_gateway")
    async def choose_gateway(self, request: RouteRequest) -> Routing:
        self.asked.append(request)
        at = await now(self.env)
        return replace(self.routings[min(len(self.asked), len(self.routings)) - 1](request, at), at=at)

    @activity.defn(name="dispatch")
    async def dispatch(self, request: DispatchRequest, content: bytes) -> DispatchResult:
        self.sent.append(request)
        self.sent_at.append(activity.info().current_attempt_scheduled_time.timestamp())
        self.contents.append(content)
        answer = self.dispatches[min(len(self.sent), len(self.dispatches)) - 1]
        if self.hold is not None:
            await self.hold(request)
        return replace(answer(request), at=await now(self.env))

    @activity.defn(name="send_at_once")
    async def send_at_once(self, page: PageHeader, content: bytes) -> SentAtOnce:
        refused = await self.check_credit(page, content)
        left = [index for index in range(page.size) if index not in refused]
        routing = await self.choose_gateway(RouteRequest(page, left, 1))
        ended: list[DispatchResult | None] = []
        for route in routing.routes:
            request = DispatchRequest(page.brief(), route, 1, at_once=True)
            self.sent_at_once.append(request)
            answer = self.dispatches[min(len(self.sent_at_once), len(self.dispatches)) - 1]
            ended.append(None if route.gateway in self.late else replace(answer(request), at=await now(self.env)))
        return SentAtOnce(refused, routing, ended, list(self.listeners))

    @activity.defn(name="record_status")
    async def record_status(self, request: RecordRequest) -> list[str]:
        self.records.append(request)
        return list(self.listeners)

    @activity.defn(name="record_schedule")
    async def record_schedule(self, request: RescheduleRequest) -> float:
        self.moved.append(request)
        return await now(self.env)

    @activity.defn(name="follow_up")
    async def follow_up(self, request: FollowUp, content: bytes) -> FollowedUp:
        self.looks.append(request.looks)
        asked = [index for index, _ in request.looks]
        waiting = self.waits[min(len(self.looks), len(self.waits)) - 1]
        return FollowedUp([index for index in waiting if index in asked], await now(self.env))

    @activity.defn(name="wake_callbacks")
    async def wake_callbacks(self, queue: str, endpoints: list[str]) -> None:
        self.woken.append((queue, endpoints))

    def endings(self) -> dict[int, tuple[str, str]]:
        """Index → state and code of all endings on record."""
        return {i: (e.state, e.code) for r in self.records for e in r.endings for i in e.indexes}


@dataclass
class Page:
    """A page under way."""

    env: WorkflowEnvironment
    handle: WorkflowHandle
    id: UUID

    def uid(self, index: int = 0) -> str:
        return str(message_uid(self.id, index))

    async def status(self, index: int = 0) -> LiveStatus | None:
        return await self.handle.query("status", self.uid(index), result_type=LiveStatus | None)

    async def until(self, waits_for: str, index: int = 0) -> LiveStatus:
        """The message's status once it waits for this."""
        async with asyncio.timeout(10):
            while True:
                live = await self.status(index)
                if live is not None and live.waits_for == waits_for:
                    return live

    async def until_recalled(self) -> None:
        """Returns when a dispatch was called back: the test server refuses to call back one that ends just then."""
        async with asyncio.timeout(10):
            while not any(event.event_type == RECALLED for event in (await self.handle.fetch_history()).events):
                await asyncio.sleep(0.01)

    async def cancel(self, index: int = 0) -> None:
        await self.change(ChangeRequest(uuid4().hex, self.uid(index), "cancel"))

    async def reschedule(self, at: float, index: int = 0) -> None:
        await self.change(ChangeRequest(uuid4().hex, self.uid(index), "reschedule", at))

    async def change(self, request: ChangeRequest) -> None:
        """Raises `ChangeRefused` when it is refused."""
        await change_workflow(self.env.client, self.handle.id, request)


def _new(size: int, **header: object) -> tuple[UUID, PageHeader]:
    page_id = new_page_id()
    return page_id, PageHeader(str(page_id), 7, "sms", size, **{"limits": PAGE_LIMITS, **header})


async def start(env: WorkflowEnvironment, size: int = 1, content: bytes = CONTENT, **header: object) -> Page:
    page_id, page = _new(size, **header)
    handle = await env.client.start_workflow(
        "SendWorkflow", args=[page, content], id=send_workflow_id(page_id), task_queue=WORKFLOW_QUEUE
    )
    return Page(env, handle, page_id)


async def start_with_change(env: WorkflowEnvironment, kind: str, at: float = 0.0, **header: object) -> Page:
    """Start a page with a change of its first message already in its first task."""
    page_id, page = _new(1, **header)
    request = ChangeRequest("first", str(message_uid(page_id, 0)), kind, at)
    handle = await env.client.start_workflow(
        "SendWorkflow",
        args=[page, CONTENT],
        id=send_workflow_id(page_id),
        task_queue=WORKFLOW_QUEUE,
        start_signal="change",
        start_signal_args=[request],
    )
    if refusal := await answer_to(handle, request.id):
        raise ChangeRefused(refusal)
    return Page(env, handle, page_id)


@asynccontextmanager
async def acting(script: Script, *more_activities: Callable[..., object], **options: object) -> AsyncIterator[Script]:
    """Workers with the scripted activities, the workflows in their sandbox."""
    env = script.env
    local = [
        script.check_credit,
        script.choose_gateway,
        script.send_at_once,
        script.record_status,
        script.record_schedule,
    ]
    errands = [script.dispatch, script.wake_callbacks, script.follow_up]
    flows = [SendWorkflow, ReceiptsWorkflow]
    async with (
        Worker(
            env.client, task_queue=WORKFLOW_QUEUE, workflows=flows, activities=[*local, *more_activities], **options
        ),
        Worker(env.client, task_queue=DISPATCH_QUEUE, activities=errands),
    ):
        yield script


def until(gate: asyncio.Event) -> Callable[[DispatchRequest], Awaitable[object]]:
    """Hold every dispatch until the gate opens."""
    return lambda request: gate.wait()


async def now(env: WorkflowEnvironment) -> float:
    return (await env.get_current_time()).timestamp()

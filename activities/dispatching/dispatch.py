"""dispatch: hand the messages of one route to their gateway, at its pace, each at most once."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.database_clock import DatabaseClock
from activities.dispatching.delivery import Delivery
from activities.dispatching.email_assembler import EmailAssembler
from activities.dispatching.health import Health
from activities.dispatching.heartbeats import heartbeats
from activities.dispatching.reasons import storable
from activities.dispatching.sender_keys import SenderAddresses
from activities.dispatching.start_window import StartWindow, last_start
from activities.dispatching.unfinished import Unfinished
from activities.engine_clock import EngineClock
from activities.pacing.bulk_throttle import BulkThrottle
from activities.pacing.gateway_cache import GatewayCache
from activities.pacing.gateway_slots import GatewaySlots, SlotRegistry
from activities.pacing.owner_shares import OwnerShares
from activities.pacing.pause_watch import PauseWatch
from activities.pacing.slots import NoSlotFree
from activities.pacing.warm_up import WarmUps
from activities.started_with import started_content
from domain.errors import XsenderError
from domain.ids import minted_at
from domain.lanes import Lane
from domain.messages.page import DispatchRequest, DispatchResult, PageHeader, Retry, Route
from domain.messages.page_content import PageContent
from gateways.base import Gateway, Listening
from store.batches import batches
from store.gateways import routing
from store.pool import Pool, retry_until_available

_CHOOSE_AGAIN = 2.0
"""Seconds, about."""


class Dispatch:
    """The only activity that talks to providers, on its own task queue; and the same for ``send_at_once``."""

    def __init__(
        self,
        pool: Pool,
        gateways: GatewayCache,
        assembler: EmailAssembler,
        at_a_time: Mapping[Lane, int] | None = None,
        unfinished: Unfinished | None = None,
    ) -> None:
        """``at_a_time``: how many dispatches the process runs of each lane; ``None``: no bound.

        ``unfinished``: takes what ``at_once`` leaves under way; ``None``: nothing is sent at once here.
        """
        self._unfinished = unfinished
        self._pool = pool
        self._gateways = gateways
        self._assembler = assembler
        self._throttle = BulkThrottle(pool)
        self._gateway_slots = SlotRegistry(self._throttle)
        self._watch = PauseWatch(pool)
        self._clock = DatabaseClock(pool)
        self._warm_ups = WarmUps(pool)
        # One set for each queue: the home's are those of this process while it is the home.
        sizes = {(lane, at_home): size for lane, size in (at_a_time or {}).items() for at_home in (False, True)}
        self._shares = {queue: OwnerShares(size) for queue, size in sizes.items()}

    @activity.defn(name="dispatch")
    async def dispatch(self, request: DispatchRequest, content: bytes) -> DispatchResult:
        """Send, and record outcomes as they come. Returns the messages to retry.

        ``content`` is the page's; when it is empty, it is read from the store or where the workflow started with it.
        """
        clock, closes_at = EngineClock(), last_start()
        if request.at_once and request.page.lane == Lane.TRANSACTIONAL and activity.info().attempt == 1:
            self._throttle.began(minted_at(UUID(request.page.page_id)))
        stopped = asyncio.Event()
        async with heartbeats():
            work = asyncio.ensure_future(self._dispatch(request, content, stopped, closes_at))
            try:
                result = await _until_it_ends(work, stopped)
                return replace(result, at=clock.now())
            except NoSlotFree as error:  # the server delays the retry: no history events, no activity slot
                again_in = timedelta(seconds=error.after)
                benign = ApplicationErrorCategory.BENIGN
                raise ApplicationError(str(error), next_retry_delay=again_in, category=benign) from None

    async def at_once(
        self, requests: Sequence[DispatchRequest], content: bytes, seconds: float
    ) -> list[DispatchResult | None]:
        """The same within the page's workflow task, for several routes, as far as their gateways answer in time.

        ``None``: a dispatch did not end. It gets the answers of the messages that it has begun, and begins no more; the
        activity ``dispatch`` waits for their outcomes as for those of any other run.
        """
        clock = EngineClock()
        running = [self._begin_at_once(request, content, seconds) for request in requests]
        if works := [work for work in running if work]:
            await asyncio.wait(works, timeout=seconds)
        ended: list[DispatchResult | None] = []
        for request, work in zip(requests, running, strict=True):
            if work is not None and not work.done():
                self._slots_of(request).was_slow()
            has_result = work is not None and work.done() and not work.cancelled() and work.exception() is None
            ended.append(replace(work.result(), at=clock.now()) if work and has_result else None)
        return ended

    def _begin_at_once(
        self, request: DispatchRequest, content: bytes, seconds: float
    ) -> "asyncio.Task[DispatchResult] | None":
        if self._unfinished is None or request.route.at_home or self._slots_of(request).is_slow:
            return None
        if activity.info().attempt == 1:
            self._throttle.began(minted_at(UUID(request.page.page_id)))
        closes_at = time.monotonic() + seconds
        return self._unfinished.begin(self._dispatch(request, content, asyncio.Event(), closes_at))

    def _slots_of(self, request: DispatchRequest, at_least: int = 0) -> GatewaySlots:
        return self._gateway_slots.of(UUID(request.route.gateway_id), request.page.lane, at_least)

    async def _content(self, page: PageHeader) -> bytes | None:
        if not page.stored:
            return await started_content()
        return await retry_until_available(lambda: batches.page_content(self._pool, UUID(page.page_id)))

    async def _dispatch(
        self, request: DispatchRequest, content: bytes, stopped: asyncio.Event, closes_at: float
    ) -> DispatchResult:
        result = await self._send(request, content, stopped, closes_at)
        await self._warm_ups.give_back(request.route, result.again)
        return result

    async def _send(
        self, request: DispatchRequest, content: bytes, stopped: asyncio.Event, closes_at: float
    ) -> DispatchResult:
        route = request.route
        is_rerun = activity.info().attempt > 1
        if (route.waits_for or is_rerun) and not await self._is_current(route):
            reason = "the gateway was changed while they waited for it"
            return DispatchResult([Retry("not_started", route.indexes, reason=reason)])
        health = Health(self._pool, route)
        try:
            gateway = await self._gateways.get(UUID(route.gateway_id), route.version)
        except XsenderError as error:
            reason = f"gateway {route.gateway} cannot be used: {error}"
            await health.unusable(reason)
            return DispatchResult([Retry("held_back", route.indexes, reason=storable(reason))])
        if isinstance(gateway, Listening) and not route.at_home:
            return self._leave_to_home(route, is_rerun=is_rerun)
        with self._owner_slot(request):
            return await self._deliver(request, content, gateway, health, stopped, closes_at, is_rerun=is_rerun)

    def _leave_to_home(self, route: Route, *, is_rerun: bool) -> DispatchResult:
        """The route was chosen by a worker of the release before: choose again, where that does it for us.

        Raises:
            NoSlotFree: at the first run, so that a page which such a worker still has does not go in a circle.
        """
        if not is_rerun:
            raise NoSlotFree(_CHOOSE_AGAIN)
        return DispatchResult([Retry("not_started", route.indexes, reason="another process sends through the gateway")])

    def _owner_slot(self, request: DispatchRequest) -> AbstractContextManager[None]:
        shares = self._shares.get((Lane(request.page.lane), request.route.at_home))
        return shares.slot(self._gateways.owner_of(UUID(request.route.gateway_id))) if shares else nullcontext()

    async def _deliver(
        self,
        request: DispatchRequest,
        content: bytes,
        gateway: Gateway,
        health: Health,
        stopped: asyncio.Event,
        closes_at: float,
        *,
        is_rerun: bool,
    ) -> DispatchResult:
        route = request.route
        raw = content or await self._content(request.page)
        if raw is None:  # an earlier run sent the last of them and was lost before it returned
            return DispatchResult()
        opened = PageContent.decode(raw)
        slots = self._slots_of(request, gateway.in_flight if isinstance(gateway, Listening) else 0)
        addresses = await self._addresses(request, opened)
        async with self._watch.on(route) as is_paused:
            window = StartWindow(lambda: activity.is_worker_shutdown() or stopped.is_set() or is_paused(), closes_at)
            delivery = Delivery(
                self._pool,
                gateway,
                request,
                opened,
                self._assembler,
                health,
                slots,
                window,
                self._clock,
                addresses,
                gateway_type=self._gateways.type_of(UUID(route.gateway_id)),
                is_rerun=is_rerun,
            )
            if is_rerun:
                await delivery.take_over()
            again = await delivery.run()
            return DispatchResult(again, outcome=delivery.worst)

    async def _addresses(self, request: DispatchRequest, content: PageContent) -> SenderAddresses | None:
        """What its emails are from; ``None``: the gateway's own address."""
        if not any(one.from_address for one in content.contents):
            return None
        keys, route = self._assembler.keys, request.route
        assert keys is not None, "every worker has them"
        return await keys.of(request.page, content, route.indexes, self._gateways.sends_as(UUID(route.gateway_id)))

    async def _is_current(self, route: Route) -> bool:
        return await retry_until_available(
            lambda: routing.is_current(self._pool, UUID(route.gateway_id), route.version)
        )


async def _until_it_ends(work: "asyncio.Future[DispatchResult]", stopped: asyncio.Event) -> DispatchResult:
    """The result of ``work``. Cancelled, it starts no more; it is interrupted only when this process has to end.

    Whether the workflow cancelled it, the server timed it out, or a heartbeat failed, for which the SDK gives no
    details: sends in flight may still get their answers.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        details = activity.cancellation_details()
        if details is not None and details.worker_shutdown:
            work.cancel()
        stopped.set()
        return await work

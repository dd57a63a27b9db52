"""Callbacks to customers: queueing those of batches, waking the endpoints' workflows, and posting due deliveries."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from temporalio import activity

from activities.dispatching.heartbeats import heartbeats
from activities.engine_clock import EngineClock
from domain.callbacks import CallbackRest, pause_after, payload
from domain.ids import batch_range
from domain.keyring import Keyring
from gateways.base import GatewayConnections
from gateways.callback import post
from gateways.net.http import HttpClient
from services.callbacks import wake
from store.callbacks import callback_deliveries as deliveries
from store.callbacks import callback_endpoints as endpoints
from store.callbacks import callbacks
from store.callbacks.callback_deliveries import Due, Failure
from store.callbacks.callback_endpoints import Target
from store.pool import Pool, retry_until_available

ROUND = 100
"""Deliveries of a round."""
AT_A_TIME = 8
"""Posts in flight to one endpoint."""
FAILING_ROUND = 10
"""While an endpoint fails it gets one post at a time, and few in a round: no flood for a failing server, and
little capacity for one that hangs."""


class Callbacks:
    """Activities of pages, batches and endpoints."""

    def __init__(self, pool: Pool, keyring: Keyring, outside: GatewayConnections) -> None:
        self._pool = pool
        self._keyring = keyring
        self._outside = outside

    @activity.defn(name="queue_callbacks")
    async def queue_batch(self, batch_id: str) -> list[str]:
        """Queue callbacks for the messages of a batch. Returns the endpoints to wake."""
        async with heartbeats():
            return list(map(str, await callbacks.queue_page(self._pool, *batch_range(UUID(batch_id)))))

    @activity.defn(name="wake_callbacks")
    async def wake(self, queue: str, endpoint_ids: list[str]) -> None:
        """Signal endpoints' workflows to check for due deliveries."""
        await wake(activity.client(), queue, map(UUID, endpoint_ids))

    @activity.defn(name="deliver_callbacks")
    async def deliver(self, endpoint_id: str) -> CallbackRest:
        """Post an endpoint's due deliveries. A post whose answer was not recorded is repeated, with the same id."""
        clock = EngineClock()
        target = await endpoints.target(self._pool, self._keyring, UUID(endpoint_id), clock.date())
        if target is None:
            return CallbackRest()
        http = self._outside.of(f"account {target.account_id}").http(allow_private_network=target.allow_private_network)
        size = FAILING_ROUND if target.is_failing else ROUND
        due = await deliveries.due(self._pool, UUID(endpoint_id), clock.date(), size)
        one_round = _Round(self._pool, UUID(endpoint_id), target, http, clock)
        async with heartbeats():
            await one_round.post_all(due)
        next_at = await deliveries.next_due(self._pool, UUID(endpoint_id))
        return CallbackRest(next_at.timestamp() if next_at else 0.0, one_round.quiet_until)

    async def aclose(self) -> None:
        """Close the connections to customers."""
        await self._outside.aclose()


class _Round:
    """Posts to one endpoint, each recorded when its answer has come."""

    def __init__(self, pool: Pool, endpoint_id: UUID, target: Target, http: HttpClient, clock: EngineClock) -> None:
        self.quiet_until = 0.0
        """The endpoint accepts no requests before this time (Unix seconds)."""
        self._pool = pool
        self._endpoint_id = endpoint_id
        self._target = target
        self._http = http
        self._clock = clock
        self._is_over = False

    async def post_all(self, due: Sequence[Due]) -> None:
        """Post until all deliveries are made, or a pause is due."""
        todo = iter(due)
        async with asyncio.TaskGroup() as group:
            for _ in range(1 if self._target.is_failing else AT_A_TIME):
                group.create_task(self._post_each(todo))

    async def _post_each(self, todo: Iterator[Due]) -> None:
        for delivery in todo:
            if self._is_over or activity.is_worker_shutdown():
                return
            await self._post(delivery)

    async def _post(self, delivery: Due) -> None:
        body = payload(delivery.type, delivery.occurred_at, delivery.data)
        result = await post(self._http, self._target.url, self._target.secrets, str(delivery.id), body)
        now = self._clock.date()
        if result.error is None:
            await retry_until_available(lambda: deliveries.succeed(self._pool, delivery.id, result.status, now))
            return
        if result.after is not None:
            self._is_over = True
            self.quiet_until = max(self.quiet_until, now.timestamp() + result.after)
        pause = pause_after(delivery.tries + 1, random.random())  # noqa: S311 - spreads, hides nothing
        next_at = None if pause is None else now + timedelta(seconds=max(pause, result.after or 0.0))
        failure = Failure(delivery.id, result.status, result.error, next_at, result.is_gone)
        await self._record(failure, now)

    async def _record(self, failure: Failure, now: datetime) -> None:
        is_enabled, reason = await retry_until_available(lambda: deliveries.fail(self._pool, failure, now))
        if not is_enabled or not self._target.is_failing:  # the next round posts one at a time
            self._is_over = True
        if reason:
            activity.logger.warning("callback endpoint %s was disabled: %s", self._endpoint_id, reason)

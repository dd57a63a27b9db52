"""What a worker process does besides its queues: it says that it lives, and forgets what is past."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import batch_workflow_id, send_workflow_id
from runtime.callbacks import wake
from store import (
    attachments,
    batches,
    callback_deliveries,
    gateway_health,
    gateway_waits,
    idempotency,
    receipts,
    renewals,
)
from store import workers as alive
from store.pool import AWAY, Pool
from worker.limits import RENEW_EVERY, forget_limits
from workflows.policy import CALLBACK_QUEUE

FORGET_EVERY = 3600.0
IDEMPOTENCY_HOURS = 48
"""How long an ``Idempotency-Key`` keeps its answer: the promise is 24 h."""

RECEIPT_DAYS = 4.0
"""How long a receipt is awaited: mail servers try for up to five days, but those that do report a deferral before."""

CALLBACK_DAYS = 30
"""How long customers can look at what they were told, and have it told again."""

WAKE_EVERY = 30.0
UNHEARD_AFTER = 30.0
"""Seconds after which a delivery that is due is taken for one whose endpoint nobody woke."""

STRAY_AFTER = 3600.0
"""Seconds after which a stored batch that no workflow walks is given up: its request was never answered."""


RESUMED_EVERY = 1.0
"""Seconds between two looks at whether a gateway that pages wait for was resumed."""
HEALTH_DAYS = 7
"""How long the outcomes of a gateway's minutes are kept."""


@contextlib.asynccontextmanager
async def upkeep(pool: Pool, client: Client, queues: list[str]) -> AsyncIterator[None]:
    """While the context is open: keep the worker's row fresh, end what nobody waits for, wake whom others forgot."""
    # Host and process for the reader; unique, because containers may share both and a process may serve twice.
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    chores = [
        asyncio.create_task(_every(alive.BEAT_SECONDS, lambda: alive.beat(pool, worker_id, queues))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: idempotency.forget_older_than(pool, IDEMPOTENCY_HOURS))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: forget_unstarted_batches(pool, client))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: receipts.expire_older_than(pool, RECEIPT_DAYS))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: attachments.forget(pool))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: callback_deliveries.forget_older_than(pool, CALLBACK_DAYS))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: gateway_health.forget_minutes(pool, HEALTH_DAYS))),
        asyncio.create_task(_every(FORGET_EVERY, lambda: forget_limits(pool))),
        asyncio.create_task(_every(RENEW_EVERY, lambda: renewals.renew_due(pool))),
        asyncio.create_task(_every(RESUMED_EVERY, lambda: tell_of_resumed_gateways(pool, client))),
    ]
    if CALLBACK_QUEUE in queues:
        chores.append(asyncio.create_task(_every(WAKE_EVERY, lambda: wake_unheard(pool, client))))
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        with contextlib.suppress(*AWAY):
            await alive.leave(pool, worker_id)


async def _every(seconds: float, chore: Callable[[], Awaitable[object]]) -> None:
    while True:
        with contextlib.suppress(*AWAY, RPCError):
            await chore()
        await asyncio.sleep(seconds)


async def wake_unheard(pool: Pool, client: Client) -> None:
    """Wake endpoints whose deliveries were queued by somebody who died before waking them."""
    await wake(client, CALLBACK_QUEUE, await callback_deliveries.overdue(pool, UNHEARD_AFTER))


async def forget_unstarted_batches(pool: Pool, client: Client) -> None:
    """Remove batches whose API process died between storing and starting them, so that nothing waits for ever."""
    for batch_id in await batches.unstarted(pool, STRAY_AFTER):
        try:
            await client.get_workflow_handle(batch_workflow_id(batch_id)).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            await batches.forget_unstarted(pool, batch_id)


async def tell_of_resumed_gateways(pool: Pool, client: Client) -> None:
    """Have pages that wait for a paused gateway go on when it is resumed."""

    async def tell(page_id: UUID) -> None:
        try:
            await client.get_workflow_handle(send_workflow_id(page_id)).signal("gateway_resumed")
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # it has ended: cancelled meanwhile
                raise

    while await gateway_waits.tell_resumed(pool, tell):
        pass

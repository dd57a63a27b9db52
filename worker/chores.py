"""What is done once for the whole install, again and again: end what nobody waits for, wake whom others forgot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import batch_workflow_id, send_workflow_id
from services.callbacks import wake
from store import idempotency, workflow_checks
from store.accounts import renewals
from store.accounts import waits as account_waits
from store.batches import batches
from store.callbacks import callback_deliveries
from store.gateways import gateway_health, gateway_waits
from store.messages import attachments, receipts, unknown
from store.pool import Pool
from worker.leader import Chore
from worker.limits import RENEW_EVERY, forget_limits
from worker.partitions import drop_partitions, make_partitions
from worker.sweeps.closed_accounts import end_batches
from worker.sweeps.sweep import Sweep
from workflows.policy import CALLBACK_QUEUE

HOURLY = 3600.0
SWEEP_EVERY = 60.0

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
"""Seconds between two looks at whether a gateway, or an account, that pages wait for was resumed."""

HEALTH_DAYS = 7
"""How long the outcomes of a gateway's minutes are kept."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decides about upkeep."""

    unknown_days: float = 7.0
    """For how many days a message stays ``unknown``."""
    unknown_ends_as: Literal["failed", "sent"] = "failed"
    keep_months: int | None = None
    """For how many months before this one messages are kept. ``None``: for ever."""


def chores(pool: Pool, client: Client, policy: Policy) -> list[Chore]:
    """All of them."""
    return [
        Chore("sweep", SWEEP_EVERY, Sweep(pool, client).run),
        Chore("end unknown messages", HOURLY, lambda: end_unknown(pool, client, policy)),
        Chore("expire awaited receipts", HOURLY, lambda: expire_receipts(pool, client)),
        Chore("forget idempotency keys", HOURLY, lambda: idempotency.forget_older_than(pool, IDEMPOTENCY_HOURS)),
        Chore("forget unstarted batches", HOURLY, lambda: forget_unstarted_batches(pool, client)),
        Chore("forget pages of ended batches", HOURLY, lambda: batches.forget_pages(pool)),
        Chore("forget attachments", HOURLY, lambda: attachments.forget(pool)),
        Chore("forget callbacks", HOURLY, lambda: callback_deliveries.forget_older_than(pool, CALLBACK_DAYS)),
        Chore("forget minutes of gateways", HOURLY, lambda: gateway_health.forget_minutes(pool, HEALTH_DAYS)),
        Chore("forget checks of workflows", HOURLY, lambda: workflow_checks.forget_ended(pool)),
        Chore("make partitions", HOURLY, lambda: make_partitions(pool)),
        Chore("drop old partitions", HOURLY, lambda: drop_partitions(pool, policy.keep_months)),
        Chore("forget limits", HOURLY, lambda: forget_limits(pool)),
        Chore("renew plans", RENEW_EVERY, lambda: renewals.renew_due(pool)),
        Chore("resume pages of paused gateways", RESUMED_EVERY, lambda: tell_of_resumed_gateways(pool, client)),
        Chore("resume pages of suspended accounts", RESUMED_EVERY, lambda: tell_of_resumed_accounts(pool, client)),
        Chore("end batches of deleted accounts", SWEEP_EVERY, lambda: end_batches(pool, client)),
        Chore("wake callbacks", WAKE_EVERY, lambda: wake_unheard(pool, client)),
    ]


async def end_unknown(pool: Pool, client: Client, policy: Policy) -> None:
    """End messages that nobody found out about. A receipt that comes later still moves them, if it ranks higher."""
    state = "sent" if policy.unknown_ends_as == "sent" else "expired"
    await _wake_each(client, unknown.end_older_than(pool, policy.unknown_days, state))


async def expire_receipts(pool: Pool, client: Client, days: float = RECEIPT_DAYS) -> None:
    """End the wait for receipts that did not come."""
    await _wake_each(client, receipts.expire_older_than(pool, days))


async def _wake_each(client: Client, endpoints: AsyncIterator[set[UUID]]) -> None:
    async for found in endpoints:
        await wake(client, CALLBACK_QUEUE, found)


async def wake_unheard(pool: Pool, client: Client) -> None:
    """Wake endpoints whose deliveries were queued by somebody who died before waking them, or by another clock."""
    await callback_deliveries.move_back(pool)
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
    while await gateway_waits.tell_resumed(pool, lambda page_id: _signal(client, page_id, "gateway_resumed")):
        pass


async def tell_of_resumed_accounts(pool: Pool, client: Client) -> None:
    """Have pages that wait for a suspended account look again when it is active, or deleted."""
    while await account_waits.tell_resumed(pool, lambda page_id: _signal(client, page_id, "account_resumed")):
        pass


async def _signal(client: Client, page_id: UUID, signal: str) -> None:
    try:
        await client.get_workflow_handle(send_workflow_id(page_id)).signal(signal)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:  # it has ended: cancelled meanwhile
            raise

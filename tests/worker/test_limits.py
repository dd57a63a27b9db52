"""Maintenance of limits: plans renew, and outdated data is deleted."""

import asyncio
from uuid import uuid4

from domain.request_rates import Rate
from runtime.temporal import connect
from store.accounts import accounts, plans, request_rates
from store.accounts.credits import Wallet, show
from store.gateways.webhook_signatures import Signatures
from store.messages.deliveries import Deliveries
from tests.store.builders import new_account
from worker.limits import delete_old_limits
from worker.maintenance import maintenance


async def test_a_worker_renews_plans(fresh_pool, settings):
    # A database of its own: in that of all tests a worker of theirs may lead, and looks at plans once a minute.
    name = f"plan {uuid4()}"
    credit = {"sms": plans.Allowance(credits=7)}
    await plans.create(fresh_pool, plans.NewPlan.model_validate({"name": name, "channels": credit}, strict=False))
    account = await new_account(fresh_pool, plan=name)
    async with fresh_pool.connection() as conn:
        await conn.execute("update accounts set plan_expires_at = now() - interval '1 hour' where id = %s", (account,))
    async with maintenance(fresh_pool, await connect(settings), ["any"]), asyncio.timeout(10):
        while (await show(fresh_pool, account))["sms"] != Wallet(14, 0, 0, 14):
            await asyncio.sleep(0.01)
    assert (await accounts.get(fresh_pool, account)).plan == name


async def test_what_is_past_is_forgotten_everywhere(fresh_pool):
    await request_rates.take(fresh_pool, "somebody", Rate(1, burst=1))
    await Signatures(fresh_pool).is_first_event_of(b"signature", b"event")
    await Deliveries(fresh_pool, uuid4()).keys_of([("+1", "+2", "text")])
    memories = {
        "request_rates": "empty_at",
        "webhook_signatures": "seen_at",
        "unanswered_deliveries": "tried_at",
    }
    await delete_old_limits(fresh_pool)
    assert await counts(fresh_pool, memories) == [1, 1, 1]
    async with fresh_pool.connection() as conn:
        for table, column in memories.items():
            await conn.execute(f"update {table} set {column} = {column} - interval '3 days'")
    await delete_old_limits(fresh_pool)
    assert await counts(fresh_pool, memories) == [0, 0, 0]


async def counts(pool, tables) -> list[int]:
    async with pool.connection() as conn:
        return [(await (await conn.execute(f"select count(*) from {table}")).fetchone())[0] for table in tables]

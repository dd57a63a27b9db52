"""An account that is suspended and resumed while its batch runs: it stops at once, goes on once, and bothers nobody."""

import asyncio
from uuid import UUID

from domain.batches.batch import BatchStatus
from domain.ids import batch_workflow_id, send_workflow_id
from domain.messages.page import LiveStatus
from store.accounts import accounts
from store.batches import recovery as batch_recovery
from tests.abuse.felt import MEASURES
from tests.abuse.target import Target
from tests.api.batches import send_batch, sink_gateway, wallet
from tests.faults.sink import Sink, running_sink
from tests.stack import Stack

COUNT = 1500 if MEASURES else 800


async def all_wait(stack: Stack, batch: str) -> None:
    """Until every page under way waits for its account alone."""
    workflow = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch)))
    async with asyncio.timeout(30):
        while True:
            found: set[str] = set()
            for page_id in (await workflow.query("status", result_type=BatchStatus)).in_flight:
                page = stack.temporal.get_workflow_handle(send_workflow_id(UUID(page_id)))
                found |= {wait.waits_for for wait in await page.query("waits", result_type=list[LiveStatus])}
            if found == {"account_suspended"}:
                return
            await asyncio.sleep(0.1)


async def states(stack: Stack, account_id: int) -> dict[str, int]:
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select state, count(*) from messages where account_id = %s group by 1", (account_id,)
        )
        return dict(await cursor.fetchall())


async def test_a_batch_whose_account_is_suspended_again_and_again_sends_everything_once(target: Target):
    stack = target.stack
    user = await stack.user(credit=COUNT + 500)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=200.0)
        batch = (await send_batch(stack, user, COUNT))["batch"]
        await sink.reaches(50)

        async def toggle() -> None:
            await accounts.suspend(stack.pool, user.id)
            await all_wait(stack, batch)
            await stands_still(sink)
            assert "rejected" not in await states(stack, user.id)
            await accounts.resume(stack.pool, user.id)
            await sink.reaches(min(COUNT, sink.arrived.total() + 50))

        felt = await target.under("suspended and resumed again and again", toggle, 8)
        await accounts.resume(stack.pool, user.id)
        async with asyncio.timeout(90):
            await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch))).result()
    assert (len(sink.arrived), sink.arrived.total()) == (COUNT, COUNT)
    assert await states(stack, user.id) == {"sent": COUNT}
    assert await wallet(stack, user) == (500, 0, COUNT)
    felt.check()


async def stands_still(sink: Sink) -> None:
    """Nothing arrives for a while, in which a batch at its rate would have sent a hundred."""
    arrived = sink.arrived.total()
    await asyncio.sleep(0.5)
    assert sink.arrived.total() == arrived


async def test_a_batch_whose_account_is_deleted_ends_and_returns_its_credit(target: Target):
    stack = target.stack
    user = await stack.user(credit=COUNT)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=200.0)
        batch = (await send_batch(stack, user, COUNT))["batch"]
        await sink.reaches(50)
        await accounts.delete(stack.pool, user.id)
        async with asyncio.timeout(90):
            await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch))).result()
    left = sink.arrived.total()
    assert left < COUNT
    assert await states(stack, user.id) == {"sent": left, "cancelled": COUNT - left}
    assert await wallet(stack, user) == (COUNT - left, 0, left)
    assert UUID(batch) not in await batch_recovery.of_deleted_accounts(stack.pool)

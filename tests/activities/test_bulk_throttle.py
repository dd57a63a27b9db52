"""Bulk is throttled by what urgent dispatches report, and goes on as before afterwards."""

import asyncio
import time
from math import log
from uuid import uuid4

from activities.pacing.bulk_throttle import BulkThrottle
from activities.pacing.gateway_slots import GatewaySlots
from domain.bulk_throttle import FEWEST, RECENT, DelayFigures
from domain.messages.outcomes import Accepted, Outcome
from store import queue_delays
from store.pool import Pool, open_pool
from tests.activities.pages import OwnGateway, new_page
from tests.stack import Stack

ANSWER = 0.03
"""Seconds that the gateway takes."""
SLOW = DelayFigures(30, 30 * log(4), 30 * log(4) ** 2)
"""What a process reports whose urgent messages wait four times as long as usual."""


async def answer(index: int) -> Outcome:
    await asyncio.sleep(ANSWER)
    return Accepted()


async def seconds_for(pool: Pool, slots: GatewaySlots, size: int) -> float:
    """How long a dispatch of so many messages takes from its first message to its last."""
    page = await new_page(pool, size)
    page.slots = slots
    gateway = OwnGateway(answer)
    await page.deliver(gateway)
    assert await page.states() == ["sent"] * size
    return gateway.at[-1] - gateway.at[0]


async def test_bulk_launches_slower_beside_those_who_suffer_and_at_full_speed_afterwards(pool: Pool):
    throttle = BulkThrottle(pool)
    slots = GatewaySlots(launchers=2, throttle=throttle)
    await queue_delays.publish(pool, uuid4(), SLOW)
    slow = await seconds_for(pool, slots, 320)
    # Of ten slices the first is not followed by a rest; the others each rest as long as they work, or longer.
    assert slow > ANSWER + 8 * 2 * ANSWER
    async with pool.connection() as conn:
        await conn.execute("delete from slowdowns")
    async with asyncio.timeout(20):
        while await seconds_for(pool, slots, 320) > slow / 2:
            pass


async def test_a_rest_ends_when_the_dispatch_shall_stop(pool: Pool):
    throttle = BulkThrottle(pool)
    await queue_delays.publish(pool, uuid4(), SLOW)

    async def slice_of_the_slowest() -> None:
        under_way = asyncio.create_task(asyncio.sleep(3600))
        await throttle.rest(time.monotonic(), [under_way], lambda: True)
        assert not under_way.done()
        under_way.cancel()

    async with asyncio.timeout(10):
        await asyncio.gather(*(slice_of_the_slowest() for _ in range(1000)))


async def test_a_database_that_is_away_holds_nobody_back(pool: Pool):
    closed = await open_pool("postgresql://nobody@127.0.0.1:1/none", 1, "away")
    await closed.close()
    throttle = BulkThrottle(closed)
    for _ in range(FEWEST):
        throttle.began(time.time())
    done = asyncio.create_task(asyncio.sleep(0))
    await throttle.rest(time.monotonic(), [done], lambda: False)


async def test_figures_are_published_while_urgent_messages_flow_and_gone_when_they_stop(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with asyncio.timeout(30):
        while not await queue_delays.recent(stack.pool, RECENT):
            answer = await stack.send(user, "sms", {"number": "+12025550123", "message": "Hi"})
            assert answer.status_code == 200, answer.text
        while await queue_delays.recent(stack.pool, RECENT):
            await asyncio.sleep(0.05)

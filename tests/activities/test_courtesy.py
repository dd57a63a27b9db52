"""Bulk gives way: what urgent dispatches say, what bulk makes of it, and that it goes on as before afterwards."""

import asyncio
import time
from uuid import uuid4

from activities.courtesy import Courtesy
from activities.line import Line
from domain.courtesy import FEWEST, RECENT
from domain.outcomes import Accepted, Outcome
from store import slowdowns
from store.pool import Pool, open_pool
from tests.activities.pages import OwnGateway, new_page
from tests.stack import Stack

ANSWER = 0.03
"""Seconds that the gateway takes."""


async def answer(index: int) -> Outcome:
    await asyncio.sleep(ANSWER)
    return Accepted()


async def seconds_for(pool: Pool, line: Line, size: int) -> float:
    """How long a dispatch of so many messages takes from its first message to its last."""
    page = await new_page(pool, size)
    page.line = line
    gateway = OwnGateway(answer)
    await page.deliver(gateway)
    assert await page.states() == ["sent"] * size
    return gateway.at[-1] - gateway.at[0]


async def silence(pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute("delete from slowdowns")


async def test_bulk_launches_slower_beside_those_who_suffer_and_at_full_speed_afterwards(pool: Pool):
    courtesy = Courtesy(pool)
    line = Line(launchers=2, courtesy=courtesy)
    await slowdowns.publish(pool, uuid4(), 4.0)
    slow = await seconds_for(pool, line, 320)
    # Of ten slices the first is not followed by a rest; the others each rest as long as they work, or longer.
    assert slow > ANSWER + 8 * 2 * ANSWER
    async with pool.connection() as conn:
        await conn.execute("delete from slowdowns")
    async with asyncio.timeout(20):
        while await seconds_for(pool, line, 320) > slow / 2:
            pass


async def test_a_rest_ends_when_the_dispatch_shall_stop(pool: Pool):
    courtesy = Courtesy(pool)
    await slowdowns.publish(pool, uuid4(), 4.0)

    async def slice_of_the_slowest() -> None:
        under_way = asyncio.create_task(asyncio.sleep(3600))
        await courtesy.rest(time.monotonic(), [under_way], lambda: True)
        assert not under_way.done()
        under_way.cancel()

    async with asyncio.timeout(10):
        await asyncio.gather(*(slice_of_the_slowest() for _ in range(1000)))


async def test_a_database_that_is_away_holds_nobody_back(pool: Pool):
    closed = await open_pool("postgresql://nobody@127.0.0.1:1/none", 1, "away")
    await closed.close()
    courtesy = Courtesy(closed)
    for _ in range(FEWEST):
        courtesy.began(time.time())
    done = asyncio.create_task(asyncio.sleep(0))
    await courtesy.rest(time.monotonic(), [done], lambda: False)


async def test_figures_are_published_while_urgent_messages_flow_and_gone_when_they_stop(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with asyncio.timeout(30):
        while await slowdowns.worst(stack.pool, RECENT) is None:
            answer = await stack.send(user, "sms", {"number": "+12025550123", "message": "Hi"})
            assert answer.status_code == 200, answer.text
        while await slowdowns.worst(stack.pool, RECENT) is not None:
            await asyncio.sleep(0.05)

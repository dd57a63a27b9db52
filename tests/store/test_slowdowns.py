"""What processes say of how urgent messages fare."""

from uuid import uuid4

from store.pool import Pool
from store.slowdowns import publish, worst


async def test_the_worst_of_what_was_last_said_counts(fresh_pool: Pool):
    one, other = uuid4(), uuid4()
    assert await worst(fresh_pool, 60) is None
    await publish(fresh_pool, one, 4.5)
    await publish(fresh_pool, other, 1.25)
    assert await worst(fresh_pool, 60) == 4.5
    await publish(fresh_pool, one, 1.0)
    assert await worst(fresh_pool, 60) == 1.25


async def test_what_was_said_long_ago_counts_no_more_and_is_forgotten(fresh_pool: Pool):
    await publish(fresh_pool, uuid4(), 4.5)
    async with fresh_pool.connection() as conn:
        await conn.execute("update slowdowns set said_at = said_at - interval '2 minutes'")
        assert await worst(fresh_pool, 60) is None
        await publish(fresh_pool, uuid4(), 1.0)
        rows = await (await conn.execute("select slowdown from slowdowns")).fetchall()
    assert rows == [(1.0,)]

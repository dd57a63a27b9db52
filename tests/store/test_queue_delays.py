"""What processes report of how long urgent messages wait."""

from uuid import uuid4

from domain.bulk_throttle import DelayFigures
from store.pool import Pool
from store.queue_delays import publish, recent

ONE, OTHER = DelayFigures(3, 1.5, 0.75), DelayFigures(7, -0.25, 2.0)


async def test_the_last_report_of_each_process_counts(fresh_pool: Pool):
    one, other = uuid4(), uuid4()
    assert await recent(fresh_pool, 60) == []
    await publish(fresh_pool, one, DelayFigures(1, 0.0, 0.0))
    await publish(fresh_pool, other, OTHER)
    await publish(fresh_pool, one, ONE)
    assert sorted(await recent(fresh_pool, 60), key=lambda figures: figures.count) == [ONE, OTHER]


async def test_what_was_reported_long_ago_counts_no_more_and_is_forgotten(fresh_pool: Pool):
    await publish(fresh_pool, uuid4(), ONE)
    async with fresh_pool.connection() as conn:
        await conn.execute("update slowdowns set said_at = said_at - interval '2 minutes'")
        assert await recent(fresh_pool, 60) == []
        await publish(fresh_pool, uuid4(), OTHER)
        rows = await (await conn.execute("select waits from slowdowns")).fetchall()
    assert rows == [(7,)]


async def test_reports_of_the_version_before_are_passed_over_and_ours_mean_to_it_what_they_did(fresh_pool: Pool):
    async with fresh_pool.connection() as conn:
        await conn.execute("insert into slowdowns values (%s, 4.5, clock_timestamp())", (uuid4(),))
        assert await recent(fresh_pool, 60) == []
        await conn.execute("delete from slowdowns")
        await publish(fresh_pool, uuid4(), ONE)
        row = await (await conn.execute("select max(slowdown) from slowdowns")).fetchone()
    assert row == (ONE.slowdown,)

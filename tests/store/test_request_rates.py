"""Rate limits in the database: bursts, the long run, waits that are true, whoever counts."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg.errors import ReadOnlySqlTransaction

from domain.request_rates import RATE_CLASSES, Rate
from store.accounts import request_rates
from store.pool import Pool, open_pool

SLOW = Rate(0.01, burst=3)


async def taken(pool: Pool, subject: str, rate: Rate, times: int) -> list[bool]:
    return [await request_rates.take(pool, subject, rate) == 0 for _ in range(times)]


async def pass_time(pool: Pool, subject: str, seconds: float) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            "update request_rates set empty_at = empty_at - %s where subject = %s",
            (timedelta(seconds=seconds), subject),
        )


@pytest.mark.parametrize("rate", [rate for rate in RATE_CLASSES.values() if rate])
async def test_a_burst_passes(pool, rate):
    assert all(await taken(pool, uuid4().hex, rate, min(rate.burst, 300)))


async def test_the_request_after_a_burst_waits_as_long_as_it_is_told(pool):
    subject = uuid4().hex
    assert await taken(pool, subject, SLOW, 3) == [True] * 3
    wait = await request_rates.take(pool, subject, SLOW)
    assert 99 < wait <= 100
    await pass_time(pool, subject, wait)
    assert await taken(pool, subject, SLOW, 2) == [True, False]


async def test_a_refused_request_is_not_counted(pool):
    subject = uuid4().hex
    assert await taken(pool, subject, SLOW, 10) == [True] * 3 + [False] * 7
    await pass_time(pool, subject, 100)
    assert await taken(pool, subject, SLOW, 2) == [True, False]


async def test_who_has_not_asked_for_long_has_the_burst_again_and_no_more(pool):
    subject = uuid4().hex
    await taken(pool, subject, SLOW, 3)
    await pass_time(pool, subject, 100_000)
    assert await taken(pool, subject, SLOW, 4) == [True, True, True, False]


async def test_subjects_do_not_share_a_limit(pool):
    rate = Rate(0.01, burst=1)
    subjects = [uuid4().hex, uuid4().hex]
    assert [await taken(pool, subject, rate, 2) for subject in subjects] == [[True, False]] * 2


async def test_many_at_once_share_a_limit(engine, pool):
    other = await open_pool(engine.database_url, 4, "other")
    subject, rate = uuid4().hex, Rate(0.01, burst=20)
    waits = await asyncio.gather(*(request_rates.take(p, subject, rate) for p in [pool, other] * 30))
    await other.close()
    assert sum(wait == 0 for wait in waits) == 20
    assert all(0 <= wait <= 100 for wait in waits)


async def test_idle_subjects_are_forgotten_and_busy_ones_are_not(pool):
    idle, busy = uuid4().hex, uuid4().hex
    for subject in (idle, busy):
        await taken(pool, subject, SLOW, 3)
    await pass_time(pool, idle, 1000)
    await request_rates.delete_idle(pool)
    async with pool.connection() as conn:
        cursor = await conn.execute("select subject from request_rates where subject = any(%s)", ([idle, busy],))
        assert await cursor.fetchall() == [(busy,)]


async def test_a_database_that_can_only_be_read_is_away(engine):
    read_only = engine.database_url + "?options=-c%20default_transaction_read_only%3Don"
    pool = await open_pool(read_only, 1, "read-only")
    with pytest.raises(ReadOnlySqlTransaction):
        await request_rates.take(pool, uuid4().hex, SLOW)
    await pool.close()


async def test_a_request_may_cost_as_much_as_several(pool):
    subject = uuid4().hex
    assert await request_rates.take(pool, subject, SLOW, 2) == 0
    assert 99 < await request_rates.take(pool, subject, SLOW, 2) <= 100
    assert await taken(pool, subject, SLOW, 2) == [True, False]


async def test_one_that_costs_more_than_a_burst_passes_after_a_rest_and_is_paid_for_in_full(pool):
    subject = uuid4().hex
    assert await request_rates.take(pool, subject, SLOW, 10) == 0
    assert 700 < await request_rates.take(pool, subject, SLOW) <= 800
    await pass_time(pool, subject, 800)
    assert await taken(pool, subject, SLOW, 2) == [True, False]
    assert 200 < await request_rates.take(pool, subject, SLOW, 10) <= 300


async def test_what_is_charged_afterwards_is_waited_for_by_the_next(pool):
    subject = uuid4().hex
    assert await taken(pool, subject, SLOW, 1) == [True]
    await request_rates.charge(pool, subject, SLOW, 12)
    assert 1000 < await request_rates.take(pool, subject, SLOW) <= 1100
    await request_rates.charge(pool, other := uuid4().hex, SLOW, 3)
    assert await taken(pool, other, SLOW, 1) == [False]

"""Warm-ups on a real database: caps hold for several takers at once, and tiers are judged once a day."""

import asyncio

import pytest

from domain.access.actors import COMMAND_LINE, Actor
from domain.errors import ConflictError, InvalidError
from services.changes import change
from services.reputation import warm_ups as rules
from services.reputation.warm_ups import Wanted, judge_tiers
from store.pool import Pool
from store.reputation import pauses, warm_ups
from store.reputation.warm_ups import Warmed, WarmUp
from tests.store.builders import new_account, new_gateway
from tests.store.reputation_builders import bad_reports, sent_messages

A_USER = Actor("user", "1")


async def begin(pool: Pool, what: Warmed, tier: int = 0, actor: Actor = COMMAND_LINE, **more: bool) -> WarmUp:
    async with change(pool, actor, "warm_up.set") as made:
        return await rules.put(made, what, Wanted("email", tier, **more))


async def now(pool: Pool, what: Warmed) -> WarmUp:
    found = await warm_ups.of(pool, what)
    assert found is not None
    return found


async def rewind(pool: Pool, days: int, used_days: int = 0) -> None:
    """As if it had been so many days ago that the tier began."""
    async with pool.connection() as conn:
        await conn.execute(
            """update warm_ups set judged_on = judged_on - 1, since = since - %s, used_days = %s,
                   day = day - 1, hour = hour - interval '1 day'""",
            (days, used_days),
        )


async def test_several_takers_at_once_never_take_more_than_the_cap(fresh_pool: Pool):
    what = Warmed(await new_gateway(fresh_pool))
    warm_up = await begin(fresh_pool, what)
    taken = await asyncio.gather(*(warm_ups.take(fresh_pool, warm_up.id, 7, 1) for _ in range(20)))
    after = await now(fresh_pool, what)
    assert after.sent_this_hour == sum(one.count for one in taken) + 20
    assert sum(one.count for one in taken) <= after.hour_cap == 50 <= after.sent_this_hour, "free ones are never held"


async def test_what_was_not_used_is_given_back_and_the_wait_has_an_end(fresh_pool: Pool):
    what = Warmed(await new_gateway(fresh_pool))
    warm_up = await begin(fresh_pool, what)
    first = await warm_ups.take(fresh_pool, warm_up.id, 60, 0)
    assert first.count == 50
    assert first.until % 3600 == 0
    assert (await warm_ups.take(fresh_pool, warm_up.id, 1, 0)).count == 0
    await warm_ups.give_back(fresh_pool, warm_up.id, 10)
    assert (await warm_ups.take(fresh_pool, warm_up.id, 60, 0)).count == 10
    async with fresh_pool.connection() as conn:
        await conn.execute("update warm_ups set hour = hour - interval '1 hour'")
    assert (await warm_ups.take(fresh_pool, warm_up.id, 60, 0)).count == 50, "the rest of the day's"
    last = await warm_ups.take(fresh_pool, warm_up.id, 60, 0)
    assert (last.count, last.until % 86400) == (0, 0)
    assert (await now(fresh_pool, what)).used_days == 1
    await rewind(fresh_pool, 1, 1)
    assert (await warm_ups.take(fresh_pool, warm_up.id, 60, 0)).count == 50


async def test_an_ended_warm_up_lets_all_pass(fresh_pool: Pool):
    what = Warmed(await new_gateway(fresh_pool))
    warm_up = await begin(fresh_pool, what)
    async with change(fresh_pool, COMMAND_LINE, "warm_up.ended") as made:
        await rules.remove(made, what)
    assert (await warm_ups.take(fresh_pool, warm_up.id, 5000, 1)).count == 5000
    async with change(fresh_pool, COMMAND_LINE, "warm_up.ended") as made:
        await rules.remove(made, what)  # again


async def test_tiers_rise_once_a_day_after_real_use_and_fall_with_bad_reports(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool), await new_gateway(fresh_pool)
    what = Warmed(gateway)
    await begin(fresh_pool, what)
    await rewind(fresh_pool, 2, 0)
    await judge_tiers(fresh_pool)
    assert (await now(fresh_pool, what)).tier == 0, "it was not used"
    await rewind(fresh_pool, 0, 2)
    await asyncio.gather(*(judge_tiers(fresh_pool) for _ in range(3)))
    raised = await now(fresh_pool, what)
    assert (raised.tier, raised.day_cap, raised.hour_cap, raised.used_days) == (1, 1000, 200, 0)
    await sent_messages(fresh_pool, account, gateway, 1000, "sms")
    await bad_reports(fresh_pool, account, gateway, 250, "undelivered", "sms")
    await rewind(fresh_pool, 2, 9)
    await judge_tiers(fresh_pool)
    assert (await now(fresh_pool, what)).tier == 0
    async with fresh_pool.connection() as conn:
        cursor = await conn.execute("select count(*) from audit_events where action = 'warm_up.tier_changed'")
        assert await cursor.fetchone() == (2,)


async def test_what_the_guard_pauses_falls_to_the_lowest_tier_at_once_unless_it_is_pinned(fresh_pool: Pool):
    what, pinned = Warmed(await new_gateway(fresh_pool)), Warmed(await new_gateway(fresh_pool))
    await begin(fresh_pool, what, 5)
    await begin(fresh_pool, pinned, 5, pinned=True)
    for one in (what, pinned):
        assert one.gateway_id is not None
        await pauses.pause_gateway(fresh_pool, one.gateway_id, "too many bounces")
    await judge_tiers(fresh_pool)
    assert [(await now(fresh_pool, one)).tier for one in (what, pinned)] == [0, 5]


async def test_a_user_cannot_change_what_staff_has_pinned(fresh_pool: Pool):
    what = Warmed(await new_gateway(fresh_pool))
    assert (await begin(fresh_pool, what, 2, pinned=True)).day_cap == 3000
    with pytest.raises(ConflictError):
        await begin(fresh_pool, what, 7, A_USER)
    with pytest.raises(InvalidError, match="0 to 7"):
        await begin(fresh_pool, what, 8)

"""A plan's daily limit: by the day where the account is, without messages that did not leave."""

from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from store.accounts import plans
from store.messages import attempts, pages
from store.messages.attempts import Attempted
from store.messages.pages import FinalState, PageRows
from tests.store.builders import held, new_account, new_page, set_states, set_time_zone

LIMIT = 3


async def limited_account(pool) -> int:
    name = f"limited {uuid4()}"
    limited = {"sms": {"credits": 100, "daily_limit": LIMIT}}
    await plans.create(pool, plans.NewPlan.model_validate({"name": name, "channels": limited}, strict=False))
    return await new_account(pool, plan=name)


@pytest.fixture
async def account(pool) -> int:
    return await limited_account(pool)


async def counted(pool, account: int) -> dict[str, int]:
    """Messages by day."""
    async with pool.connection() as conn:
        query = "select day::text, messages from daily_usage where account_id = %s and channel = 'sms' order by day"
        return dict(await (await conn.execute(query, (account,))).fetchall())


async def settle(pool, page: PageRows) -> None:
    await pages.settle(pool, page.uids[0], page.uids[-1])


async def attempt(pool, page: PageRows, number: int, outcome: str | None) -> None:
    await attempts.write_intents(pool, page.uids, number, uuid4(), uuid4())
    if outcome:
        await attempts.flush_outcomes(pool, [Attempted(uid, number, outcome) for uid in page.uids])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "America/New_York", "UTC"])  # UTC+14, UTC-11
async def test_a_day_is_one_of_the_accounts_time_zone(pool, account, zone):
    await set_time_zone(pool, account, zone)
    before = datetime.now(ZoneInfo(zone)).date()
    await held(pool, new_page(account, [1]))
    after = datetime.now(ZoneInfo(zone)).date()
    (day,) = await counted(pool, account)
    assert day in (str(before), str(after))


async def test_the_days_of_two_zones_are_never_all_the_same(pool, account):
    """Whatever the time is now, one of two zones 25 hours apart is not at the day of UTC."""
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
        await set_time_zone(pool, account, zone)
        await held(pool, new_page(account, [1]))
    assert len(await counted(pool, account)) == 2


@pytest.mark.parametrize("state", ["cancelled", "failed", "expired", "rejected"])
async def test_what_did_not_leave_gives_its_place_back(pool, account, state):
    page, other = new_page(account, [1, 1]), new_page(account, [1])
    assert await held(pool, page) == await held(pool, other) == {}
    assert await held(pool, new_page(account, [1])) == {0: "daily_limit"}
    await pages.record_final_states(pool, [FinalState(uid, state, "test", "a test") for uid in page.uids])
    for _ in range(2):
        await settle(pool, page)
    assert list((await counted(pool, account)).values()) == [1]
    assert await held(pool, new_page(account, [1, 1, 1])) == {2: "daily_limit"}


@pytest.mark.parametrize("state", ["sent", "delivered", "read", "deferred", "unknown", "bounced", "undelivered"])
async def test_what_left_stays_counted_whatever_became_of_it(pool, account, state):
    page = new_page(account, [1] * LIMIT)
    await held(pool, page)
    await attempt(pool, page, 1, "unknown" if state == "unknown" else "accepted")
    await set_states(pool, page.uids, state)
    await settle(pool, page)
    assert await held(pool, new_page(account, [1])) == {0: "daily_limit"}


@pytest.mark.parametrize(
    ("outcomes", "left"),
    [
        (["refused"], False),
        (["gateway_down", "refused"], False),
        (["gateway_down"], False),
        (["unknown", "gateway_down"], True),
        (["unknown", None], True),
        ([None], True),
    ],
)
async def test_only_what_a_gateway_may_have_taken_has_left(pool, account, outcomes, left):
    page = new_page(account, [1] * LIMIT)
    await held(pool, page)
    for number, outcome in enumerate(outcomes, 1):
        await attempt(pool, page, number, outcome)
    await set_states(pool, page.uids, "failed")
    await settle(pool, page)
    assert (await held(pool, new_page(account, [1])) == {0: "daily_limit"}) is left


async def test_the_place_is_given_back_on_the_day_on_which_it_was_taken(fresh_pool):
    account = await limited_account(fresh_pool)
    yesterdays = new_page(account, [1, 1])
    await held(fresh_pool, yesterdays)
    async with fresh_pool.connection() as conn:
        await conn.execute("alter table journal disable trigger journal_append_only")
        await conn.execute("update journal set at = at - interval '1 day' where kind = 'hold'")
        await conn.execute("update daily_usage set day = day - 1")
    await held(fresh_pool, new_page(account, [1]))
    before = await counted(fresh_pool, account)
    await pages.record_final_states(fresh_pool, [FinalState(yesterdays.uids[0], "cancelled", "test", "a test")])
    await settle(fresh_pool, yesterdays)
    assert (list(before.values()), list((await counted(fresh_pool, account)).values())) == ([2, 1], [1, 1])


async def test_a_batchs_page_counts_when_its_turn_comes_and_gives_back_too(pool, account):
    page = new_page(account, [1] * LIMIT)
    async with pool.connection() as conn:
        await conn.cursor().executemany(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit, created_at)
               values (%s, %s, 'sms', %s, 'queued', 1, 'pending', now() - interval '3 days')""",
            [(uid, account, to) for uid, to in zip(page.uids, page.recipients, strict=True)],
        )
    assert await counted(pool, account) == {}
    assert await pages.hold_stored(pool, account, "sms", page.uids[0], page.uids[-1]) == set()
    assert await held(pool, new_page(account, [1])) == {0: "daily_limit"}
    await pages.record_final_states(pool, [FinalState(page.uids[0], "cancelled", "test", "a test")])
    await settle(pool, page)
    assert await held(pool, new_page(account, [1, 1])) == {1: "daily_limit"}


async def test_accounts_without_a_limit_have_nothing_to_give_back(pool):
    account = await new_account(pool, credit=5)
    page = new_page(account, [1])
    await held(pool, page)
    await pages.record_final_states(pool, [FinalState(page.uids[0], "cancelled", "test", "a test")])
    await settle(pool, page)
    assert await counted(pool, account) == {}


async def test_old_days_are_forgotten(pool, account):
    await held(pool, new_page(account, [1]))
    async with pool.connection() as conn:
        await conn.execute("insert into daily_usage values (%s, 'sms', current_date - 40, 7)", (account,))
    await plans.delete_old_usage(pool, 31)
    assert list((await counted(pool, account)).values()) == [1]

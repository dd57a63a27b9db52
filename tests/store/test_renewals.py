"""Plans begin again at the end of their period: once for each, on the right day, and the ledger agrees."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.errors import ConflictError, InvalidError, NotFoundError
from store.accounts import accounts, plans
from store.accounts.credits import audit
from store.accounts.renewals import MOST_GRANTED, renew_due
from tests.store.builders import held, new_account, new_page, set_time_zone, sms_wallet


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def new_plan(pool, period="month", grants=10, **channels) -> str:
    name = f"plan {uuid4()}"
    new = {"name": name, "period": period, "channels": {"sms": {"credits": grants}, **channels}}
    await plans.create(pool, plans.NewPlan.model_validate(new, strict=False))
    return name


async def subscriber(pool, plan: str, began: str, zone: str = "UTC", renews: bool = True) -> int:
    """An account that was given the plan at that time."""
    account = await new_account(pool)
    await set_time_zone(pool, account, zone)
    await accounts.assign_plan(pool, account, plan, uuid4(), renews=renews)
    async with pool.connection() as conn:
        await conn.execute(
            """update accounts a set plan_began_at = %(began)s,
                   plan_expires_at = period_end(%(began)s, a.time_zone, p.period, 1)
               from plans p where p.id = a.plan_id and a.id = %(account)s""",
            {"began": moment(began), "account": account},
        )
    return account


async def end_of(pool, account: int) -> datetime:
    return (await accounts.get(pool, account)).plan_expires_at


@pytest.mark.parametrize(
    ("began", "zone", "period", "ends"),
    [
        ("2027-01-31T12:00Z", "UTC", "month", ["02-28T12:00Z", "03-31T12:00Z", "04-30T12:00Z", "05-31T12:00Z"]),
        ("2028-01-31T12:00Z", "UTC", "month", ["02-29T12:00Z", "03-31T12:00Z"]),
        ("2027-01-31T23:30Z", "Asia/Tokyo", "month", ["02-28T23:30Z", "03-31T23:30Z"]),  # the first of each, there
        ("2027-03-27T11:00Z", "Europe/Berlin", "day", ["03-28T10:00Z", "03-29T10:00Z"]),  # summer time begins
        ("2027-03-24T11:00Z", "Europe/Berlin", "week", ["03-31T10:00Z", "04-07T10:00Z"]),
        ("2028-02-29T00:00Z", "UTC", "year", ["2029-02-28T00:00Z", "2030-02-28T00:00Z", "2031-02-28", "2032-02-29"]),
    ],
)
async def test_periods_end_on_the_day_on_which_they_began(fresh_pool, began, zone, period, ends):
    account = await subscriber(fresh_pool, await new_plan(fresh_pool, period), began, zone)
    for end in ends:
        expected = moment(end if end[4] == "-" else f"{began[:5]}{end}").replace(tzinfo=UTC)
        assert await end_of(fresh_pool, account) == expected
        assert await renew_due(fresh_pool, expected - timedelta(seconds=1)) == 0
        assert await renew_due(fresh_pool, expected) == 1


async def test_a_new_period_grants_the_credits_again_and_keeps_what_is_left(fresh_pool):
    plan = await new_plan(fresh_pool, grants=10, email={"credits": 3}, whatsapp={"daily_limit": 5})
    account = await subscriber(fresh_pool, plan, "2027-01-05T00:00Z")
    await held(fresh_pool, new_page(account, [4]))
    await renew_due(fresh_pool, moment("2027-02-05T00:00Z"))
    assert await sms_wallet(fresh_pool, account) == (16, 4, 0, 20)
    async with fresh_pool.connection() as conn:
        query = "select channel, amount from journal where account_id = %s and note = %s order by channel"
        cursor = await conn.execute(query, (account, f"plan {plan}, renewed"))
        assert await cursor.fetchall() == [("email", 3), ("sms", 10)]
    assert await audit(fresh_pool) == []


async def test_a_period_begins_once_however_many_look(fresh_pool):
    plan = await new_plan(fresh_pool)
    subscribers = [await subscriber(fresh_pool, plan, "2027-01-05T00:00Z") for _ in range(20)]
    now = moment("2027-02-05T00:00Z")
    begun = await asyncio.gather(*(renew_due(fresh_pool, now) for _ in range(6)))
    assert sum(begun) == 20
    assert [await sms_wallet(fresh_pool, account) for account in subscribers] == [(20, 0, 0, 20)] * 20


@pytest.mark.parametrize(("missed", "granted"), [(3, 3), (MOST_GRANTED, MOST_GRANTED), (40, MOST_GRANTED)])
async def test_periods_that_passed_unseen_are_granted_up_to_a_year_of_months(fresh_pool, missed, granted):
    account = await subscriber(fresh_pool, await new_plan(fresh_pool, "day", grants=10), "2027-01-05T00:00Z")
    now = moment("2027-01-05T01:00Z") + timedelta(days=missed)
    assert await renew_due(fresh_pool, now) == missed
    assert await sms_wallet(fresh_pool, account) == (10 + 10 * granted, 0, 0, 10 + 10 * granted)
    assert await end_of(fresh_pool, account) == moment("2027-01-05T00:00Z") + timedelta(days=missed + 1)


async def test_a_suspended_account_gets_nothing_for_the_periods_that_pass(fresh_pool):
    account = await subscriber(fresh_pool, await new_plan(fresh_pool), "2027-01-05T00:00Z")
    await accounts.suspend(fresh_pool, account)
    assert await renew_due(fresh_pool, moment("2027-02-06T00:00Z")) == 1
    await accounts.resume(fresh_pool, account)
    assert await renew_due(fresh_pool, moment("2027-02-07T00:00Z")) == 0
    assert await sms_wallet(fresh_pool, account) == (10, 0, 0, 10)
    assert await renew_due(fresh_pool, moment("2027-03-05T00:00Z")) == 1
    assert await sms_wallet(fresh_pool, account) == (20, 0, 0, 20)


async def test_what_does_not_renew_ends(fresh_pool):
    plan = await new_plan(fresh_pool)
    ending = await subscriber(fresh_pool, plan, "2025-01-05T00:00Z", renews=False)
    closed = await subscriber(fresh_pool, plan, "2025-01-05T00:00Z")
    await accounts.delete(fresh_pool, closed)
    for_ever = await subscriber(fresh_pool, await new_plan(fresh_pool, "forever"), "2025-01-05T00:00Z")
    assert await renew_due(fresh_pool) == 0
    assert await held(fresh_pool, new_page(ending, [1])) == {0: "plan_expired"}
    assert await held(fresh_pool, new_page(for_ever, [1])) == {}


async def test_an_account_is_not_held_up_when_its_renewal_is_late(fresh_pool):
    account = await subscriber(fresh_pool, await new_plan(fresh_pool), "2025-01-05T00:00Z")
    assert await held(fresh_pool, new_page(account, [1])) == {}


async def test_renewal_is_switched_on_and_off(pool):
    account = await new_account(pool, plan=await new_plan(pool))
    assert (await accounts.get(pool, account)).plan_renews
    await accounts.set_renewal(pool, account, False)
    assert not (await accounts.get(pool, account)).plan_renews
    with pytest.raises(ConflictError, match="no plan"):
        await accounts.set_renewal(pool, await new_account(pool), False)
    with pytest.raises(NotFoundError):
        await accounts.set_renewal(pool, 2**62, False)


async def test_an_account_that_the_release_before_gave_a_plan_goes_on_from_its_end(fresh_pool):
    account = await new_account(fresh_pool)
    plan = await new_plan(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "update accounts set plan_id = (select id from plans where name = %s), plan_expires_at = %s where id = %s",
            (plan, moment("2027-01-31T00:00Z"), account),
        )
    for end in ("2027-02-28T00:00Z", "2027-03-31T00:00Z"):
        assert await renew_due(fresh_pool, await end_of(fresh_pool, account)) == 1
        assert await end_of(fresh_pool, account) == moment(end)
    assert await sms_wallet(fresh_pool, account) == (20, 0, 0, 20)


async def test_an_account_that_moves_keeps_the_end_it_has(fresh_pool):
    account = await subscriber(fresh_pool, await new_plan(fresh_pool), "2027-01-31T00:00Z")
    await set_time_zone(fresh_pool, account, "America/New_York")
    await renew_due(fresh_pool, moment("2027-02-28T00:00Z"))
    assert await end_of(fresh_pool, account) == moment("2027-03-27T23:00Z")  # 27 February 19:00 there, a month on


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "'; drop"])
async def test_a_zone_that_nobody_knows_is_refused(pool, zone):
    account = await new_account(pool)
    with pytest.raises(InvalidError, match="no time zone"):
        await set_time_zone(pool, account, zone)
    assert (await accounts.get(pool, account)).time_zone == "UTC"

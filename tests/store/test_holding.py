"""Holding the credits of a page: once, in full, and never more than there is."""

import asyncio
from dataclasses import replace
from uuid import uuid4

from store.accounts import accounts, plans
from store.accounts.credits import top_up
from tests.store.builders import held, new_account, new_page, sms_wallet, states


async def test_a_hundred_pages_at_once_share_ten_credits(pool):
    account = await new_account(pool, credit=10)
    pages = [new_page(account, [1]) for _ in range(100)]
    refused = await asyncio.gather(*(held(pool, page) for page in pages))
    assert sum(not codes for codes in refused) == 10
    assert sum(codes == {0: "no_credit"} for codes in refused) == 90
    assert await sms_wallet(pool, account) == (0, 10, 0, 10)
    recorded = [(await states(pool, page))[0] for page in pages]
    assert recorded.count(("queued", None, "held")) == 10
    assert recorded.count(("rejected", "no_credit", "free")) == 90


async def test_twins_of_a_page_are_charged_once(pool):
    account = await new_account(pool, credit=10)
    page = new_page(account, [3, 3, 3, 3])
    answers = await asyncio.gather(*(held(pool, page) for _ in range(8)))
    assert answers == [{3: "no_credit"}] * 8
    assert await sms_wallet(pool, account) == (1, 9, 0, 10)


async def test_twins_of_an_admins_page_wait_for_each_other(pool):
    page = new_page(0, [0] * 50)
    assert await asyncio.gather(*(held(pool, page) for _ in range(8))) == [{}] * 8
    assert await states(pool, page) == [("queued", None, "free")] * 50


async def test_a_message_that_cannot_be_paid_lets_a_cheaper_one_pass(pool):
    account = await new_account(pool, credit=5)
    assert await held(pool, new_page(account, [3, 4, 2, 0, 1])) == {1: "no_credit", 4: "no_credit"}
    assert await sms_wallet(pool, account) == (0, 5, 0, 5)


async def test_an_empty_page_holds_nothing(pool):
    account = await new_account(pool, credit=5)
    assert await held(pool, new_page(account, [])) == {}
    assert await sms_wallet(pool, account) == (5, 0, 0, 5)


async def test_what_a_suspended_account_had_accepted_is_held_as_usual(pool):
    account = await new_account(pool, credit=2)
    await accounts.suspend(pool, account)
    page = new_page(account, [1, 1, 1])
    assert await held(pool, page) == {2: "no_credit"}
    assert (await states(pool, page))[:2] == [("queued", None, "held")] * 2
    assert await sms_wallet(pool, account) == (0, 2, 0, 2)


async def test_a_deleted_and_an_unknown_account_are_refused(pool):
    account = await new_account(pool, credit=5)
    await accounts.delete(pool, account)
    page = new_page(account, [1])
    for _ in range(2):  # again, as after a lost workflow task
        assert await held(pool, page) == {0: "account_deleted"}
    assert await states(pool, page) == [("cancelled", "account_deleted", "free")], "as in a batch, and a schedule"
    assert await sms_wallet(pool, account) == (5, 0, 0, 5)
    assert await held(pool, new_page(2**62, [0])) == {0: "account_unknown"}


async def test_a_plans_daily_limit_counts_what_passed(pool):
    name = f"limited {uuid4()}"
    limited = {"sms": plans.Allowance(credits=100, daily_limit=3)}
    await plans.create(pool, plans.NewPlan.model_validate({"name": name, "channels": limited}, strict=False))
    account = await new_account(pool, plan=name)
    assert await held(pool, new_page(account, [1, 200, 1])) == {1: "no_credit"}
    assert await held(pool, new_page(account, [1, 1])) == {1: "daily_limit"}
    assert await held(pool, new_page(account, [0])) == {0: "daily_limit"}
    assert await sms_wallet(pool, account) == (97, 3, 0, 100)


async def test_an_expired_plan_is_refused(pool):
    name = f"short {uuid4()}"
    await plans.create(pool, plans.NewPlan(name=name, period="day"))
    account = await new_account(pool, credit=5)
    await accounts.assign_plan(pool, account, name, uuid4(), renews=False)
    assert await held(pool, new_page(account, [1])) == {}
    async with pool.connection() as conn:
        await conn.execute(
            "update accounts set plan_expires_at = now() - interval '1 second' where id = %s", (account,)
        )
    assert await held(pool, new_page(account, [1])) == {0: "plan_expired"}
    await accounts.assign_plan(pool, account, name, uuid4())
    assert await held(pool, new_page(account, [1])) == {}


async def test_a_plan_that_ends_while_its_account_is_suspended_rejects_nothing_until_the_account_is_active(pool):
    name = f"short {uuid4()}"
    await plans.create(pool, plans.NewPlan(name=name, period="day"))
    account = await new_account(pool, credit=5)
    await accounts.assign_plan(pool, account, name, uuid4(), renews=False)
    await accounts.suspend(pool, account)
    async with pool.connection() as conn:
        await conn.execute("update accounts set plan_expires_at = now() - interval '1 day' where id = %s", (account,))
    assert await held(pool, new_page(account, [1, 1])) == {}
    assert await sms_wallet(pool, account) == (3, 2, 0, 5)
    await accounts.resume(pool, account)
    assert await held(pool, new_page(account, [1])) == {0: "plan_expired"}


async def test_a_suppressed_recipient_is_refused_on_its_channel_only(pool):
    account = await new_account(pool, credit=5)
    page = new_page(account, [1, 1])
    async with pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (account_id, channel, recipient, reason) values (%s, 'sms', %s, 'STOP')",
            (account, page.recipients[1]),
        )
    assert await held(pool, page) == {1: "suppressed"}
    await top_up(pool, account, "whatsapp", 5, "test", uuid4())
    assert await held(pool, replace(new_page(account, [1, 1]), channel="whatsapp")) == {}

"""Credits of a plan that are left when its period ends: what of them stays, and what lapses."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded.engine import Engine
from store.accounts import accounts, plans
from store.accounts.credits import audit, deduct, top_up
from store.accounts.renewals import renew_due
from store.credits import plan_credits
from store.messages.pages import FinalState, record_final_states, settle
from store.pool import Pool, open_pool
from tests.databases import new_install
from tests.store.builders import held, new_page, sms_wallet
from tests.store.test_renewals import moment, new_plan, subscriber


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def months(engine: Engine) -> AsyncIterator[Pool]:
    """A database in which time may pass."""
    url = await new_install(engine.database_url)
    opened = await open_pool(url, 2, "months")
    yield opened
    await opened.close()


FIRST, SECOND = "2027-02-05T00:00Z", "2027-03-05T00:00Z"


async def account_on(pool: Pool, carry_over: int | None, grants: int = 10) -> int:
    plan = await new_plan(pool, sms={"credits": grants, "carry_over": carry_over})
    return await subscriber(pool, plan, "2027-01-05T00:00Z")


async def left(pool: Pool, account: int) -> int:
    return (await plan_credits.of_account(pool, account))["sms"].left


async def finish(pool: Pool, page, state: str) -> None:
    """End all messages of a page that is held."""
    await record_final_states(pool, [FinalState(uid, state, "x", "x") for uid in page.uids])
    await settle(pool, page.uids[0], page.uids[-1])


@pytest.mark.parametrize(
    ("carry_over", "stays"),
    [(None, 10), (0, 0), (3, 3), (10, 10), (11, 10)],
)
async def test_of_what_is_left_as_much_stays_as_the_plan_says(months, carry_over, stays):
    account = await account_on(months, carry_over)
    await renew_due(months, moment(FIRST))
    assert await sms_wallet(months, account) == (10 + stays, 0, 0, 10 + stays)
    assert await left(months, account) == 10 + stays
    assert await audit(months) == []


@pytest.mark.parametrize(("used", "available"), [(0, 15), (4, 15), (10, 15), (12, 13), (15, 10)])
async def test_what_was_topped_up_never_lapses_and_is_used_last(months, used, available):
    account = await account_on(months, 0)
    await top_up(months, account, "sms", 5, "paid", uuid4())
    if used:
        await held(months, new_page(account, [1] * used))
    await renew_due(months, moment(FIRST))
    assert (await sms_wallet(months, account))[:2] == (available, used)
    assert await audit(months) == []


async def test_what_messages_hold_at_the_end_does_not_lapse_then_or_later(months):
    account = await account_on(months, 0)
    page = new_page(account, [4])
    await held(months, page)
    await renew_due(months, moment(FIRST))
    assert await sms_wallet(months, account) == (10, 4, 0, 14)
    await finish(months, page, "failed")
    assert await sms_wallet(months, account) == (14, 0, 0, 14)
    await renew_due(months, moment(SECOND))
    assert await sms_wallet(months, account) == (14, 0, 0, 14)


async def test_what_is_carried_over_counts_as_the_plans_in_the_next_period(months):
    account = await account_on(months, 12)
    for end, available in ((FIRST, 20), (SECOND, 22), ("2027-04-05T00:00Z", 22)):
        await renew_due(months, moment(end))
        assert (await sms_wallet(months, account))[0] == available


async def test_each_of_the_periods_that_passed_unseen_ends_as_the_plan_says(months):
    account = await account_on(months, 1)
    await renew_due(months, moment("2027-05-06T00:00Z"))
    assert (await sms_wallet(months, account))[0] == 11
    assert await audit(months) == []


async def test_a_suspended_accounts_credits_do_not_lapse(months):
    account = await account_on(months, 0)
    await accounts.suspend(months, account)
    await renew_due(months, moment(FIRST))
    assert await sms_wallet(months, account) == (10, 0, 0, 10)


async def test_a_plan_given_in_the_middle_of_a_period_takes_nothing(months):
    account = await account_on(months, 0)
    await accounts.assign_plan(months, account, await new_plan(months, grants=7), uuid4())
    assert await sms_wallet(months, account) == (17, 0, 0, 17)
    assert await left(months, account) == 17


async def test_a_channel_that_the_plan_does_not_give_any_more_keeps_what_is_left(months):
    account = await account_on(months, 0)
    plan = await plans.get(months, (await accounts.get(months, account)).plan)
    await plans.update(months, plan.id, plans.NewPlan(name=plan.name), keep_gateways=True)
    await renew_due(months, moment(FIRST))
    assert await sms_wallet(months, account) == (10, 0, 0, 10)


async def test_accounts_of_the_release_before_lose_nothing_at_their_first_renewal(months):
    account = await account_on(months, 0)
    async with months.connection() as conn:
        await conn.execute("delete from plan_credits where account_id = %s", (account,))
    await renew_due(months, moment(FIRST))
    assert (await sms_wallet(months, account))[0] == 20
    await renew_due(months, moment(SECOND))
    assert (await sms_wallet(months, account))[0] == 20


STEPS = st.lists(
    st.tuples(st.sampled_from(["top up", "deduct", "spend", "release"]), st.integers(1, 8)), min_size=1, max_size=6
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, carry_over=st.none() | st.integers(0, 12))
async def test_whatever_happened_before_only_the_plans_own_credits_lapse(months, steps, carry_over):
    account = await account_on(months, carry_over)
    paid = 0
    for step, amount in steps:
        available = (await sms_wallet(months, account))[0]
        if step == "top up":
            await top_up(months, account, "sms", amount, "paid", uuid4())
            paid += amount
        elif step == "deduct" and amount <= available:
            await deduct(months, account, "sms", amount, "taken", uuid4())
            paid = max(0, paid - amount)
        elif step in ("spend", "release") and amount <= available:
            page = new_page(account, [amount])
            await held(months, page)
            await finish(months, page, "sent" if step == "spend" else "failed")
    before = await sms_wallet(months, account)
    of_plan = await left(months, account)
    await renew_due(months, moment(FIRST))
    after = await sms_wallet(months, account)
    lapsed = 0 if carry_over is None else max(0, of_plan - carry_over)
    assert of_plan <= 10
    assert after[0] == before[0] - lapsed + 10
    assert after[0] - 10 >= min(before[0], paid - max(0, before[2] - 10))
    assert await audit(months) == []

"""A key with a limit takes no more credits in a day, over all channels, whatever runs at once."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from domain.access.api_keys import KeyKind
from domain.batches.batch import Stream
from domain.channels import Channel
from domain.ids import new_batch_id
from domain.messages.page import KeyTerms
from store.access import key_spend
from store.accounts import accounts, api_keys, plans
from store.accounts.credits import audit, show, top_up
from store.batches import batches
from store.messages import pages
from store.messages.pages import PageRows
from store.pool import Pool
from tests.store.builders import held, hold_page, new_account, new_page, set_states, sms_wallet, stored_page

CAP = "spend_cap_reached"


async def capped(pool: Pool, account: int, cap: int | None) -> KeyTerms:
    key = await api_keys.create(pool, KeyKind.USER, account, spend_cap=cap)
    return KeyTerms(key.id)


def of_key(key: KeyTerms, account: int, prices: list[int]) -> PageRows:
    return replace(new_page(account, prices), key=key)


async def agrees(pool: Pool, account: int) -> bool:
    return [found for found in await audit(pool) if found.account_id == account] == []


async def test_a_key_spends_up_to_its_limit_and_what_is_beyond_is_refused_alone(pool: Pool):
    account = await new_account(pool, credit=100)
    key = await capped(pool, account, 10)
    page = of_key(key, account, [4, 4, 4, 2, 0, 1])
    assert await held(pool, page) == {2: CAP, 5: CAP}
    assert await held(pool, page) == {2: CAP, 5: CAP}, "a repeat finds the same"
    assert await sms_wallet(pool, account) == (90, 10, 0, 100)
    assert await key_spend.today(pool, key.id) == 10
    assert await held(pool, of_key(key, account, [1])) == {0: CAP}
    assert await held(pool, new_page(account, [50])) == {}, "the account's other keys spend on"
    assert await agrees(pool, account)


async def test_what_the_wallet_refuses_is_not_spent(pool: Pool):
    account = await new_account(pool, credit=5)
    key = await capped(pool, account, 8)
    assert await held(pool, of_key(key, account, [4, 4, 1])) == {1: "no_credit"}
    assert await key_spend.today(pool, key.id) == 5


@pytest.mark.parametrize("size", [1, 7])
async def test_the_limit_is_exact_over_channels_and_pages_at_once(pool: Pool, size: int):
    account = await new_account(pool, credit=500)
    for channel in ("email", "whatsapp"):
        await top_up(pool, account, channel, 500, "test", uuid4())
    key = await capped(pool, account, 100)
    each = [replace(of_key(key, account, [1] * size), channel=str(channel)) for channel in list(Channel) * 50]
    refused = await asyncio.gather(*(held(pool, page) for page in each))
    assert sum(size - len(codes) for codes in refused) == 100
    assert {code for codes in refused for code in codes.values()} == {CAP}
    assert sum(wallet.held for wallet in (await show(pool, account)).values()) == 100
    assert await key_spend.today(pool, key.id) == 100
    assert await agrees(pool, account)


async def test_keys_that_share_a_page_have_each_their_own_limit(pool: Pool):
    account = await new_account(pool, credit=100)
    one, two = [await capped(pool, account, cap) for cap in (1, 2)]
    shares = [of_key(two, account, [1] * 3), of_key(one, account, [1] * 3), new_page(account, [1] * 3)]
    refused = await pages.hold(pool, *shares)
    assert [[refused.get(uid) for uid in share.uids] for share in shares] == [
        [None, None, CAP],
        [None, CAP, CAP],
        [None, None, None],
    ]


async def test_what_is_released_may_be_spent_again_and_what_was_sent_may_not(pool: Pool):
    account = await new_account(pool, credit=100)
    key = await capped(pool, account, 6)
    page = of_key(key, account, [2, 2, 2])
    assert await held(pool, page) == {}
    await set_states(pool, page.uids[:1], "failed")
    await set_states(pool, page.uids[1:], "sent")
    await pages.settle(pool, page.uids[0], page.uids[-1])
    await pages.settle(pool, page.uids[0], page.uids[-1])
    assert await key_spend.today(pool, key.id) == 4
    assert await held(pool, of_key(key, account, [2, 1])) == {1: CAP}
    assert await agrees(pool, account)


async def test_settlements_of_all_channels_and_holds_at_once_end(pool: Pool):
    account = await new_account(pool, credit=500)
    for channel in ("email", "whatsapp"):
        await top_up(pool, account, channel, 500, "test", uuid4())
    keys = [await capped(pool, account, 1000) for _ in range(4)]

    async def round_trip(channel: str) -> None:
        shares = [replace(of_key(key, account, [1] * 5), channel=channel) for key in keys]
        await pages.hold(pool, *shares)
        for share in shares:
            await set_states(pool, share.uids, "failed")
            await pages.settle(pool, share.uids[0], share.uids[-1])

    await asyncio.gather(*(round_trip(str(channel)) for channel in list(Channel) * 10))
    assert [await key_spend.today(pool, key.id) for key in keys] == [0] * 4
    assert await agrees(pool, account)


async def test_a_day_is_one_of_the_accounts_time_zone_and_what_was_spent_on_another_does_not_count(pool: Pool):
    account = await new_account(pool, credit=100)
    key = await capped(pool, account, 3)
    assert await held(pool, of_key(key, account, [3])) == {}
    async with pool.connection() as conn:
        await conn.execute("update key_spend set day = day - 1 where key_id = %s", (key.id,))
    assert await key_spend.today(pool, key.id) == 0
    assert await held(pool, of_key(key, account, [3])) == {}
    await key_spend.delete_old(pool, 0)
    assert await key_spend.today(pool, key.id) == 3


async def test_messages_beyond_the_limit_do_not_count_towards_the_plans_daily_limit(pool: Pool):
    channels = {Channel.SMS: plans.Allowance(credits=0, daily_limit=3)}
    plan = await plans.create(pool, plans.NewPlan(name=uuid4().hex, period="forever", channels=channels))
    account = await new_account(pool, credit=100)
    await accounts.assign_plan(pool, account, plan.name, uuid4())
    key = await capped(pool, account, 1)
    assert await held(pool, of_key(key, account, [1, 1])) == {1: CAP}
    assert await held(pool, new_page(account, [1, 1, 1])) == {2: "daily_limit"}


async def test_a_new_key_in_place_of_another_begins_with_what_that_has_spent(pool: Pool):
    account = await new_account(pool, credit=100)
    key = await capped(pool, account, 3)
    await held(pool, of_key(key, account, [2]))
    rolled = await api_keys.roll(pool, key.id, 0)
    assert (await api_keys.get(pool, rolled.id)).spend_cap == 3
    assert await held(pool, of_key(KeyTerms(rolled.id), account, [1, 1])) == {1: CAP}


async def test_pages_of_a_batch_are_held_within_the_limit(pool: Pool):
    account, batch_id = await new_account(pool, credit=100), new_batch_id()
    key = await capped(pool, account, 5)
    own = [stored_page(batch_id, account, number, 4) for number in (1, 2)]
    own = [replace(page, rows=page.rows.replace(b"\t\\N\tf\t", f"\t{key.id}\tf\t".encode())) for page in own]
    batch = batches.NewBatch(batch_id, account, "sms", "bulk", 8, [Stream("", 1, 2)], own, key=key)
    await batches.store(pool, batch, None, b"")
    found = await batches.header(pool, batch_id)
    assert found is not None
    assert found.key == key
    assert [len(await hold_page(pool, batch, number)) for number in (1, 2)] == [0, 3]
    assert await key_spend.today(pool, key.id) == 5
    assert await agrees(pool, account)


async def test_a_key_without_a_limit_leaves_no_trace(pool: Pool):
    account = await new_account(pool, credit=100)
    key = await capped(pool, account, None)
    assert await held(pool, of_key(key, account, [1])) == {}
    await held(pool, new_page(account, [1]))
    async with pool.connection() as conn:
        found = await conn.execute(
            "select from key_spend s join api_keys k on k.id = s.key_id where k.account_id = %s", (account,)
        )
        assert found.rowcount == 0

"""Settling a page: each credit is captured or released once, however often it is called."""

import asyncio

import pytest

from store.accounts.credits import audit
from store.messages.pages import hold, settle
from tests.store.builders import new_account, new_page, set_states, sms_wallet, states


async def test_many_settle_a_page_at_once(pool):
    account = await new_account(pool, credit=1000)
    page = new_page(account, [2] * 100)
    await hold(pool, page)
    await set_states(pool, page.uids[:70], "sent")
    await set_states(pool, page.uids[70:90], "failed")
    await asyncio.gather(*(settle(pool, page.uids[0], page.uids[-1]) for _ in range(8)))
    assert await sms_wallet(pool, account) == (840, 20, 140, 1000)
    assert await audit(pool) == []


async def test_pages_are_settled_while_others_are_held(pool):
    account = await new_account(pool, credit=400)
    pages = [new_page(account, [1] * 20) for _ in range(20)]
    await asyncio.gather(*(hold(pool, page) for page in pages))

    async def send(page):
        await set_states(pool, page.uids, "sent")
        await asyncio.gather(settle(pool, page.uids[0], page.uids[9]), settle(pool, page.uids[0], page.uids[-1]))

    late = [new_page(account, [1]) for _ in range(20)]
    await asyncio.gather(*map(send, pages), *(hold(pool, page) for page in late))
    assert await sms_wallet(pool, account) == (0, 0, 400, 400)


@pytest.mark.parametrize(
    ("state", "credit"),
    [
        ("queued", "held"),
        ("processing", "held"),
        ("unknown", "held"),
        ("sent", "captured"),
        ("deferred", "captured"),
        ("delivered", "captured"),
        ("read", "captured"),
        ("bounced", "released"),
        ("undelivered", "released"),
        ("rejected", "released"),
        ("failed", "released"),
        ("cancelled", "released"),
        ("expired", "released"),
    ],
)
async def test_what_a_gateway_took_is_paid_unless_it_did_not_arrive(pool, state, credit):
    account = await new_account(pool, credit=5)
    page = new_page(account, [5])
    await hold(pool, page)
    await set_states(pool, page.uids, state)
    await settle(pool, page.uids[0], page.uids[0])
    assert (await states(pool, page))[0][2] == credit
    expected = {"held": (0, 5, 0, 5), "captured": (0, 0, 5, 5), "released": (5, 0, 0, 5)}
    assert await sms_wallet(pool, account) == expected[credit]

"""Accounts that are suspended or deleted while their messages are on their way to a gateway."""

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

from temporalio.testing import ActivityEnvironment

from activities.choose_gateway import ChooseGateway
from domain.ids import message_uid
from domain.messages.outcomes import Accepted, Outcome, Unknown
from domain.messages.page import NoRoute, PageHeader, Retry, RouteRequest, Routing
from domain.messages.routing import SUSPENDED_LOOK
from store.accounts import accounts
from store.messages import attempts
from store.pool import Pool
from tests.activities.pages import OwnGateway, Page, always, new_page
from tests.activities.test_takeover import die_while_answering

NOT_ACTIVE = "their account holds them back"


async def choose(pool: Pool, header: PageHeader) -> Routing:
    request = RouteRequest(header, list(range(header.size)), 1)
    return await ActivityEnvironment().run(ChooseGateway(pool).choose_gateway, request)


async def waited_for(pool: Pool, page: Page) -> set[int]:
    """The accounts that the page is on record as waiting for."""
    async with pool.connection() as conn:
        rows = await conn.execute("select account_id from account_waits where page_id = %s", (page.id,))
        return {account_id for (account_id,) in await rows.fetchall()}


async def test_messages_of_a_suspended_account_wait_and_their_page_is_noted(pool: Pool):
    page = await new_page(pool, 3)
    await accounts.suspend(pool, page.account_id)
    for _ in range(2):  # again, as after a lost workflow task
        (parked,) = (await choose(pool, page.header)).parked
        assert (parked.waits_for, parked.gateway, parked.indexes) == ("account_suspended", "", [0, 1, 2])
        assert SUSPENDED_LOOK - 60 < parked.until - time.time() <= SUSPENDED_LOOK
    assert await waited_for(pool, page) == {page.account_id}


async def test_messages_of_a_deleted_or_unknown_account_end_cancelled(pool: Pool):
    page = await new_page(pool, 3)
    await accounts.delete(pool, page.account_id)
    deleted = NoRoute([0, 1, 2], "account_deleted", "the account is deleted", "cancelled")
    assert (await choose(pool, page.header)).none == [deleted]
    (unknown,) = (await choose(pool, replace(page.header, account_id=2**62))).none
    assert (unknown.code, unknown.state) == ("account_unknown", "cancelled")
    assert await waited_for(pool, page) == set()


async def test_each_account_of_a_shared_page_goes_its_own_way(pool: Pool):
    page, suspended, deleted = [await new_page(pool, 1) for _ in range(3)]
    await accounts.suspend(pool, suspended.account_id)
    await accounts.delete(pool, deleted.account_id)
    whose = [suspended.account_id, page.account_id, deleted.account_id, page.account_id]
    chosen = await choose(pool, replace(page.header, size=4, accounts=whose))
    assert [route.indexes for route in chosen.routes] == [[1, 3]]
    assert [parked.indexes for parked in chosen.parked] == [[0]]
    assert [(none.indexes, none.code) for none in chosen.none] == [([2], "account_deleted")]
    assert await waited_for(pool, page) == {suspended.account_id}


async def test_a_dispatch_hands_back_what_had_not_left_when_its_account_was_suspended(pool: Pool):
    page = await new_page(pool, 200)
    gate = asyncio.Event()

    async def answer(index: int) -> Outcome:
        await gate.wait()
        return Accepted()

    gateway = OwnGateway(answer)
    running = asyncio.create_task(page.deliver(gateway))
    await gateway.until_arrived(64)
    await accounts.suspend(pool, page.account_id)
    gate.set()
    assert await running == [Retry("not_started", list(range(64, 200)), 0.0, NOT_ACTIVE)]
    assert await page.states() == ["sent"] * 64 + ["queued"] * 136
    assert set(await page.outcomes()) == set(range(64))
    await accounts.resume(pool, page.account_id)
    assert await page.deliver(gateway, indexes=list(range(64, 200))) == []
    assert gateway.arrived == dict.fromkeys(range(200), 1)


async def test_who_takes_a_dispatch_over_hands_the_rest_back_too(pool: Pool):
    page = await new_page(pool, 200)
    dead = await die_while_answering(page, hanging=136)
    await accounts.suspend(pool, page.account_id)
    gateway = OwnGateway()
    open_ones = sorted(set(range(200)) - set(await page.outcomes()))
    assert open_ones
    assert await page.take_over(gateway) == [Retry("not_started", open_ones, 0.0, NOT_ACTIVE)]
    assert not gateway.arrived
    assert set(dead.arrived) | set(open_ones) == set(range(200))


async def test_a_message_that_may_be_sent_twice_is_handed_back_as_well(pool: Pool):
    page = await new_page(pool, 2, on_unknown="resend")
    (again,) = await page.deliver(OwnGateway(always(Unknown("no answer"))))
    assert again.kind == "resend"
    await accounts.suspend(pool, page.account_id)
    gateway = OwnGateway()
    assert await page.delivery(gateway, page.request(2)).run() == [Retry("not_started", [0, 1], 0.0, NOT_ACTIVE)]
    assert (gateway.arrived, await page.states()) == ({}, ["unknown"] * 2)


async def test_a_probe_that_may_not_leave_says_nothing_of_its_gateway(pool: Pool):
    page = await new_page(pool, 3)
    await accounts.suspend(pool, page.account_id)
    gateway = OwnGateway()
    assert await page.deliver(gateway, probe=True) == [Retry("not_started", [0, 1, 2], 0.0, NOT_ACTIVE)]
    assert (gateway.arrived, await page.breaker()) == ({}, None)


async def test_what_was_claimed_before_stays_claimed_when_its_run_says_so_again(pool: Pool):
    page = await new_page(pool, 2)
    uids = [message_uid(page.id, index) for index in range(2)]
    run_id = uuid4()
    before = await attempts.write_intents(pool, uids[:1], 1, page.gateway_id, run_id)
    await accounts.suspend(pool, page.account_id)
    again = await attempts.write_intents(pool, uids, 1, page.gateway_id, run_id)
    other = await attempts.write_intents(pool, uids, 1, page.gateway_id, uuid4())
    assert before == attempts.Intents({uids[0]}, set(), set())
    assert again == attempts.Intents({uids[0]}, set(), {uids[1]})
    assert other == attempts.Intents(set(), {uids[0]}, {uids[1]})

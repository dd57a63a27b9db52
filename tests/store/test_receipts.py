"""Receipts in any order, any number of times: states only rise, and each credit moves at most once each way."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from domain.keyring import CREDENTIALS, Keyring
from domain.messages.receipts import Receipt
from domain.messages.statuses import State, advance
from store.accounts.credits import audit, top_up
from store.callbacks import callback_deliveries
from store.messages import messages, receipts
from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import hold, settle
from tests.receiver import register
from tests.store.builders import apply_all, launched, new_account, new_gateway, new_page, receipt, sms_wallet, states

KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)


async def taken(pool, account: int, size: int = 1, outcome: str | None = "accepted", settled: bool = True):
    """A page that a gateway was given, and the gateway."""
    gateway = uuid4()
    page = new_page(account, [1] * size)
    await hold(pool, page)
    await write_intents(pool, page.uids, 1, gateway, uuid4())
    if outcome:
        done = [Attempted(uid, 1, outcome, f"id-{uid}", receipts=True) for uid in page.uids]
        await flush_outcomes(pool, done)
    if settled:
        await settle(pool, page.uids[0], page.uids[-1])
    return page, gateway


@pytest.mark.parametrize("state", list(State))
async def test_database_and_domain_rank_alike(pool, state):
    async with pool.connection() as conn:
        cursor = await conn.execute("select state_rank(%s)", (state,))
        assert await cursor.fetchone() == (state.rank,)


@pytest.mark.parametrize("by", ["uid", "provider_id"])
async def test_a_receipt_finds_its_message(pool, by):
    page, gateway = await taken(pool, await new_account(pool, credit=5))
    which = {"uid": str(page.uids[0])} if by == "uid" else {"provider_id": f"id-{page.uids[0]}"}
    found = await apply_all(pool, [gateway], [receipt("delivered", **which)])
    assert ([(n.uid, n.moved) for n in found.new], found.unmatched) == ([(page.uids[0], True)], [])
    assert await states(pool, page) == [("delivered", None, "captured")]


async def test_receipts_of_another_gateway_or_of_nothing_are_not_ours(pool):
    page, _ = await taken(pool, await new_account(pool, credit=5))
    foreign = [
        receipt("delivered", uid=str(page.uids[0])),
        receipt("delivered", provider_id=f"id-{page.uids[0]}"),
        receipt("delivered", uid="not a uid"),
        receipt("delivered", uid=str(uuid4()), provider_id="x"),
        receipt("delivered"),
    ]
    assert await apply_all(pool, [uuid4()], foreign) == receipts.Outcome([], [0, 1, 2, 3, 4], set())
    assert await states(pool, page) == [("sent", None, "captured")]


KINDS = ["sent", "deferred", "delivered", "read", "bounced", "undelivered", "rejected", "expired", "failed", "opened"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_order_of_receipts_moves_a_status_backwards(pool, data):
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    before = data.draw(st.sampled_from(["accepted", "unknown", None]))
    events = [receipt(kind) for kind in kinds]
    posts = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    account = await new_account(pool, credit=1)
    page, gateway = await taken(pool, account, outcome=before, settled=False)
    state = State((await states(pool, page))[0][0])
    for event in posts:
        fields = {name: getattr(event, name) for name in ("key", "at")}
        await apply_all(pool, [gateway], [Receipt(event.kind, uid=str(page.uids[0]), **fields)])
        expected = advance(state, event.kind.state) if event.kind.state else state
        state = State((await states(pool, page))[0][0])
        assert state == expected
        if data.draw(st.booleans()):
            await settle(pool, page.uids[0], page.uids[0])
    await settle(pool, page.uids[0], page.uids[0])
    available, held, spent, _ = await sms_wallet(pool, account)
    assert available + held + spent == 1
    assert held == (1 if state in (State.PROCESSING, State.UNKNOWN, State.QUEUED) else 0)
    async with pool.connection() as conn:
        cursor = await conn.execute("select kind, count(*) from journal where uid = %s group by kind", (page.uids[0],))
        assert all(times == 1 for _, times in await cursor.fetchall())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_one_post_of_many_receipts_comes_to_the_same_as_one_by_one(pool, data):
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    account = await new_account(pool, credit=2)
    page, gateway = await taken(pool, account, size=2)
    events = [receipt(kind, at=1700000000.0 + n) for n, kind in enumerate(kinds)]
    for event in events:
        await apply_all(pool, [gateway], [_of(event, page.uids[0])])
    await apply_all(pool, [gateway], [_of(event, page.uids[1]) for event in [*events, *events]])
    one_by_one, at_once = await states(pool, page)
    assert State(one_by_one[0]).rank == State(at_once[0]).rank
    if not any(State(kind) in (State.DELIVERED, State.READ) for kind in kinds if kind != "opened"):
        assert one_by_one == at_once


def _of(event: Receipt, uid: UUID) -> Receipt:
    return Receipt(event.kind, event.key, event.at, uid=str(uid))


async def test_the_same_receipt_many_times_at_once_is_one(pool):
    account = await new_account(pool, credit=50)
    page, gateway = await taken(pool, account, size=50)
    events = [receipt("undelivered", uid=str(uid), code="x_1") for uid in page.uids]
    backwards = events[::-1]
    found = await asyncio.gather(
        *(apply_all(pool, [gateway], events if n % 2 else backwards) for n in range(6)),
        *(settle(pool, page.uids[0], page.uids[-1]) for _ in range(2)),
    )
    assert sum(len(outcome.new) for outcome in found[:6]) == 50
    assert await sms_wallet(pool, account) == (50, 0, 0, 50)
    assert set(await states(pool, page)) == {("undelivered", "x_1", "refunded")}
    assert await audit(pool) == []


async def test_a_late_failure_gives_the_credit_back_once(pool):
    account = await new_account(pool, credit=3)
    page, gateway = await taken(pool, account)
    uid = str(page.uids[0])
    assert await sms_wallet(pool, account) == (2, 0, 1, 3)
    for kind in ("undelivered", "failed", "undelivered"):
        await apply_all(pool, [gateway], [receipt(kind, uid=uid)])
        assert await sms_wallet(pool, account) == (3, 0, 0, 3)
    await apply_all(pool, [gateway], [receipt("delivered", uid=uid)])
    assert await states(pool, page) == [("delivered", None, "refunded")]
    assert await audit(pool) == []


@pytest.mark.parametrize(
    ("kind", "state", "wallet"),
    [("delivered", "delivered", (2, 0, 1, 3)), ("sent", "sent", (2, 0, 1, 3)), ("failed", "failed", (3, 0, 0, 3))],
)
async def test_any_receipt_settles_an_unknown_message(pool, kind, state, wallet):
    account = await new_account(pool, credit=3)
    page, gateway = await taken(pool, account, outcome="unknown")
    assert (await states(pool, page))[0][::2] == ("unknown", "held")
    await apply_all(pool, [gateway], [receipt(kind, uid=str(page.uids[0]))])
    assert (await states(pool, page))[0][0] == state
    assert await sms_wallet(pool, account) == wallet
    assert await audit(pool) == []


async def test_an_answer_that_comes_after_its_receipt_changes_nothing_but_the_try(pool):
    account = await new_account(pool, credit=3)
    page, gateway = await taken(pool, account, outcome=None, settled=False)
    await apply_all(pool, [gateway], [receipt("delivered", uid=str(page.uids[0]), provider_id="p1")])
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", "p1", receipts=True)])
    await settle(pool, page.uids[0], page.uids[0])
    assert await states(pool, page) == [("delivered", None, "captured")]
    found = await apply_all(pool, [gateway], [receipt("read", provider_id="p1")])
    assert [n.moved for n in found.new] == [True]


async def test_a_bounce_after_delivery_is_kept_but_moves_nothing(pool):
    account = await new_account(pool, credit=3)
    page, gateway = await taken(pool, account)
    uid = str(page.uids[0])
    await apply_all(pool, [gateway], [receipt("delivered", uid=uid)])
    found = await apply_all(pool, [gateway], [receipt("bounced", uid=uid)])
    assert [n.moved for n in found.new] == [False]
    assert await states(pool, page) == [("delivered", None, "captured")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "bounced"}, "bounced"),
        ({"kind": "complained"}, "complained"),
        ({"kind": "unsubscribed"}, "unsubscribed"),
        ({"kind": "undelivered", "code": "opted_out"}, "opted_out"),
        ({"kind": "undelivered"}, None),
        ({"kind": "opened"}, None),
    ],
)
async def test_who_cannot_or_will_not_receive_is_sent_nothing_more(pool, fields, reason):
    account = await new_account(pool, credit=5)
    page, gateway = await taken(pool, account)
    await apply_all(pool, [gateway], [receipt(uid=str(page.uids[0]), **fields)])
    again = new_page(account, [1])
    assert await hold(pool, again) == ({again.uids[0]: "suppressed"} if reason else {})
    async with pool.connection() as conn:
        cursor = await conn.execute("select reason from suppressions where account_id = %s", (account,))
        assert await cursor.fetchall() == ([(reason,)] if reason else [])


async def test_who_subscribes_again_is_sent_to_again(pool):
    account = await new_account(pool, credit=5)
    page, gateway = await taken(pool, account)
    uid = str(page.uids[0])
    await apply_all(pool, [gateway], [receipt("unsubscribed", uid=uid)])
    await apply_all(pool, [gateway], [receipt("subscribed", uid=uid)])
    assert await hold(pool, new_page(account, [1])) == {}


async def test_a_provider_that_refuses_for_an_opt_out_is_not_asked_again(pool):
    account = await new_account(pool, credit=5)
    page = new_page(account, [1])
    await hold(pool, page)
    await write_intents(pool, page.uids, 1, uuid4(), uuid4())
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "refused", code="opted_out")])
    again = new_page(account, [1])
    assert await hold(pool, again) == {again.uids[0]: "suppressed"}


async def test_a_receipt_that_never_came_ends_the_wait_and_not_the_charge_and_is_told(fresh_pool):
    account = await new_account(fresh_pool, credit=9)
    endpoint = await register(fresh_pool, KEYRING, account, "https://example.com/", "message.expired")
    waiting, _ = await taken(fresh_pool, account)
    arrived, gateway = await taken(fresh_pool, account)
    await apply_all(fresh_pool, [gateway], [receipt("delivered", uid=str(arrived.uids[0]))])
    assert [found async for found in receipts.expire_older_than(fresh_pool, 1.0)] == []
    assert (await states(fresh_pool, waiting))[0][0] == "sent"
    assert [found async for found in receipts.expire_older_than(fresh_pool, 0.0)] == [{endpoint.id}]
    assert await states(fresh_pool, waiting) == [("expired", "no_receipt", "captured")]
    assert (await states(fresh_pool, arrived))[0][0] == "delivered"
    assert await audit(fresh_pool) == []
    told = await callback_deliveries.listed(fresh_pool, endpoint.id, None, None, 10)
    assert [(delivery.type, delivery.uid) for delivery in told] == [("message.expired", waiting.uids[0])]


async def waits_for_a_lock(pool) -> bool:
    query = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%from apply_receipts(%'"
    async with pool.connection() as conn:
        return await (await conn.execute(query)).fetchone() is not None


async def test_receipts_that_are_being_applied_do_not_lock_their_gateway(fresh_pool):
    gateway = await new_gateway(fresh_pool)
    page = await launched(fresh_pool, gateway, 1)
    async with await AsyncConnection.connect(fresh_pool.conninfo) as other:
        await other.execute("select from messages where uid = %s for update", (page.uids[0],))
        applying = asyncio.create_task(apply_all(fresh_pool, [gateway], [receipt("sent", uid=str(page.uids[0]))]))
        async with asyncio.timeout(10):
            while not await waits_for_a_lock(fresh_pool):
                await asyncio.sleep(0.02)
        noted = "select last_receipt_at from gateway_activity where gateway_id = %s for update nowait"
        assert await (await other.execute(noted, (gateway,))).fetchone() is not None
    assert len((await applying).new) == 1


async def mailed(pool, account: int):
    """A mail to Ada that a gateway took, and the gateway."""
    page = replace(new_page(account, [1]), channel="email", recipients=["Ada@example.com"])
    gateway = uuid4()
    await hold(pool, page)
    await write_intents(pool, page.uids, 1, gateway, uuid4())
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", "m1", receipts=True)])
    await settle(pool, page.uids[0], page.uids[0])
    return page, gateway


async def mailing_account(pool) -> int:
    account = await new_account(pool)
    await top_up(pool, account, "email", 9, "test", uuid4())
    return account


async def suppressed(pool, account: int) -> dict[str, str]:
    async with pool.connection() as conn:
        cursor = await conn.execute("select recipient, reason from suppressions where account_id = %s", (account,))
        return dict(await cursor.fetchall())


@pytest.mark.parametrize("named", ["Ada@example.com", "ada@example.com", None])
async def test_a_mails_recipient_is_known_however_the_provider_writes_him(pool, named):
    account = await mailing_account(pool)
    page, gateway = await mailed(pool, account)
    told = receipt("bounced", uid=str(page.uids[0]), recipient=named)
    (news,) = (await apply_all(pool, [gateway], [told])).new
    assert news.moved
    assert await states(pool, page) == [("bounced", None, "refunded")]
    assert await suppressed(pool, account) == {"Ada@example.com": "bounced"}


COPY = "bob@example.com"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("delivered", None),
        ("undelivered", None),
        ("rejected", None),
        ("opened", None),
        ("bounced", "bounced"),
        ("complained", "complained"),
        ("unsubscribed", "unsubscribed"),
    ],
)
async def test_what_becomes_of_a_copy_concerns_nobody_else(pool, kind, reason):
    account = await mailing_account(pool)
    page, gateway = await mailed(pool, account)
    event = receipt(kind, uid=str(page.uids[0]), recipient=COPY)
    for times in (1, 0):
        found = await apply_all(pool, [gateway], [event])
        assert ([n.moved for n in found.new], found.unmatched) == ([False] * times, [])
    assert await states(pool, page) == [("sent", None, "captured")]
    assert await suppressed(pool, account) == ({COPY: reason} if reason else {})
    found = await messages.find(pool, account, "email", page.uids[0])
    assert [(r["kind"], r["recipient"]) for r in found.reported] == [(kind, COPY)]


async def test_a_copy_and_the_recipient_in_one_post_are_told_apart(pool):
    account = await mailing_account(pool)
    page, gateway = await mailed(pool, account)
    whose = [("bounced", COPY), ("delivered", "ada@example.com"), ("opened", "ada@example.com")]
    events = [receipt(kind, uid=str(page.uids[0]), recipient=who, at=float(n)) for n, (kind, who) in enumerate(whose)]
    await apply_all(pool, [gateway], events)
    assert await states(pool, page) == [("delivered", None, "captured")]
    found = await messages.find(pool, account, "email", page.uids[0])
    assert [(r["kind"], r["recipient"]) for r in found.reported] == [
        ("bounced", COPY),
        ("delivered", None),
        ("opened", None),
    ]


async def test_who_got_a_copy_and_subscribes_again_lifts_only_his_own_suppression(pool):
    account = await mailing_account(pool)
    page, gateway = await mailed(pool, account)
    uid = str(page.uids[0])
    both = [receipt("unsubscribed", uid=uid), receipt("unsubscribed", uid=uid, recipient=COPY)]
    await apply_all(pool, [gateway], both)
    await apply_all(pool, [gateway], [receipt("subscribed", uid=uid, recipient=COPY)])
    assert await suppressed(pool, account) == {"Ada@example.com": "unsubscribed"}

"""apply_receipts: the posts of a shared start are applied together, each to its own gateways' messages only."""

from uuid import UUID, uuid4

import pytest
from temporalio.testing import ActivityEnvironment

from activities.receipts import Receipts
from domain.ids import page_of
from domain.messages.receipts import Applied, Inbound, Receipt, ReceiptKind, ReceiptsSource, Share, encode_events
from store.accounts.credits import audit
from store.messages.attempts import Attempted, flush_outcomes
from store.messages.pages import settle
from store.pool import Pool
from tests.store.builders import launched, receipt, states


async def accepted(pool: Pool, gateway: UUID, size: int = 1) -> list[UUID]:
    """Messages that the gateway took."""
    page = await launched(pool, gateway, size)
    await flush_outcomes(pool, [Attempted(uid, 1, "accepted", f"id-{uid}", receipts=True) for uid in page.uids])
    await settle(pool, page.uids[0], page.uids[-1])
    return page.uids


async def apply(pool: Pool, *shares: tuple[UUID, list[Receipt]], places=None, at_a_time=None) -> Applied:
    source = ReceiptsSource("", [], shares=[Share([str(g)], len(own)) for g, own in shares], at_a_time=at_a_time)
    events = encode_events([event for _, own in shares for event in own])
    return await ActivityEnvironment().run(Receipts(pool).apply_receipts, source, events, places)


def delivered(uid: UUID) -> Receipt:
    return receipt("delivered", uid=str(uid))


async def state_of(pool: Pool, uid: UUID) -> str:
    async with pool.connection() as conn:
        (state,) = await (await conn.execute("select state from messages where uid = %s", (uid,))).fetchone()
        return state


async def test_a_gateway_in_a_shared_start_reports_its_own_messages_only(pool: Pool):
    owner, stranger = uuid4(), uuid4()
    (mine,), (other,) = await accepted(pool, owner), await accepted(pool, stranger)
    by_id = receipt("delivered", provider_id=f"id-{mine}")
    applied = await apply(pool, (stranger, [delivered(mine), by_id, delivered(other)]), (owner, []))
    assert applied.unmatched == [0, 1]
    assert (await state_of(pool, mine), await state_of(pool, other)) == ("sent", "delivered")
    applied = await apply(pool, (stranger, [delivered(other)]), (owner, [by_id]))
    assert applied.unmatched == []
    assert await state_of(pool, mine) == "delivered"


async def test_only_the_wanted_places_are_applied_whichever_share_they_are_in(pool: Pool):
    first, second = uuid4(), uuid4()
    ours, theirs = await accepted(pool, first, 2), await accepted(pool, second, 2)
    shares = (first, [delivered(uid) for uid in ours]), (second, [delivered(uid) for uid in theirs])
    assert await apply(pool, *shares, places=[1, 2]) == Applied()
    assert [await state_of(pool, uid) for uid in (*ours, *theirs)] == ["sent", "delivered", "delivered", "sent"]


async def test_more_than_one_transaction_holds_is_left_for_the_next_call(pool: Pool):
    gateway = uuid4()
    uids = await accepted(pool, gateway, 5)
    share = gateway, [delivered(uid) for uid in uids]
    applied = await apply(pool, share, at_a_time=2)
    assert applied.rest == [2, 3, 4]
    assert [await state_of(pool, uid) for uid in uids] == ["delivered", "delivered", "sent", "sent", "sent"]
    while applied.rest:
        applied = await apply(pool, share, places=applied.rest, at_a_time=2)
    assert {await state_of(pool, uid) for uid in uids} == {"delivered"}


async def test_a_post_that_earlier_releases_started_is_applied_whole(pool: Pool):
    gateway = uuid4()
    (uid,) = await accepted(pool, gateway)
    heard = Inbound("k", 1.0, "+14155550123", "+15005550009")
    events = encode_events([heard, delivered(uid), delivered(uuid4())])
    source = ReceiptsSource("sms", [str(gateway)], inbound=True)
    applied = await ActivityEnvironment().run(Receipts(pool).apply_receipts, source, events, None)
    assert applied == Applied([2])
    assert await state_of(pool, uid) == "delivered"


@pytest.mark.parametrize("kind", list(ReceiptKind))
async def test_a_repeat_in_other_company_changes_nothing(pool: Pool, kind: ReceiptKind):
    gateway, other = uuid4(), uuid4()
    page = await launched(pool, gateway, 1)
    await flush_outcomes(pool, [Attempted(page.uids[0], 1, "accepted", "p1", receipts=True)])
    await settle(pool, page.uids[0], page.uids[0])
    (uid,), (neighbour,) = page.uids, await accepted(pool, other)
    async with pool.connection() as conn:
        await conn.execute("update messages set awaited = true where uid = %s", (uid,))
    event = receipt(kind, uid=str(uid), url="https://example.com/a")
    first = await apply(pool, (gateway, [event]))
    moves = kind.state is not None and kind != ReceiptKind.SENT
    assert first.awaited == ({str(page_of(uid)): [str(uid)]} if moves else {})
    before = await states(pool, page)
    repeated = await apply(pool, (other, [delivered(neighbour)]), (gateway, [event, event]))
    assert repeated == Applied()
    assert await states(pool, page) == before
    assert await state_of(pool, neighbour) == "delivered"
    async with pool.connection() as conn:
        cursor = await conn.execute("select kind, url from receipts where uid = %s", (uid,))
        assert await cursor.fetchall() == [(kind, "https://example.com/a")]
    assert await audit(pool) == []

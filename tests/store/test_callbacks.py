"""The queue of callbacks: each event once per endpoint, however often it is queued."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.callbacks import delivery_id
from domain.errors import NotFoundError
from domain.ids import PAGE_SIZE, message_uid, new_page_id, page_of
from domain.keyring import CREDENTIALS, Keyring, KeyringError
from store.accounts import accounts
from store.callbacks import callback_deliveries, callback_endpoints, callbacks
from store.callbacks.callback_deliveries import Failure, Listed
from store.callbacks.callback_endpoints import NewEndpoint
from store.callbacks.callbacks import Notice
from store.messages import pages
from store.pool import Pool
from tests.store.builders import held, new_account, new_page, set_states

KEYS = Keyring.generate()
KEYRING = Keyring.parse(KEYS, CREDENTIALS)
AT = datetime(2026, 12, 1, tzinfo=UTC)


async def endpoint(pool: Pool, account_id: int, *events: str, keyring: Keyring = KEYRING) -> UUID:
    """A new endpoint that hears these events, or all."""
    new = NewEndpoint(uuid4(), account_id, "https://example.com/", events or None)
    await callback_endpoints.add(pool, keyring, new)
    return new.id


async def queue(pool: Pool, *notices: Notice) -> set[UUID]:
    async with pool.connection() as conn:
        return await callbacks.queue(conn, notices)


async def listed(pool: Pool, endpoint_id: UUID) -> list[Listed]:
    return await callback_deliveries.listed(pool, endpoint_id, None, None, 2000)


def notice(account_id: int, type_: str = "message.sent", uid: UUID | None = None, key: str = "") -> Notice:
    return Notice(account_id, type_, uid or new_page_id(), AT, {"text": "a\x00b ü"}, key)


async def tell_page(pool: Pool, uids: Sequence[UUID]) -> set[UUID]:
    return await callbacks.queue_page(pool, uids[0], message_uid(page_of(uids[0]), PAGE_SIZE - 1))


async def fail(pool: Pool, delivery: UUID, now: datetime, **more: object) -> tuple[bool, str | None]:
    known = {"status": 500, "error": "answered 500", "next_at": now, "is_gone": False}
    return await callback_deliveries.fail(pool, Failure(delivery, **known | more), now)


async def test_an_event_is_queued_once_and_its_endpoint_named_until_it_was_tried(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    what = notice(account)
    assert await queue(pool, what, what) == {there}
    assert await queue(pool, what) == {there}, "nobody was woken, for all that is known"
    (delivery,) = await listed(pool, there)
    assert delivery.id == delivery_id(there, what.type, what.uid, "")
    assert (delivery.type, delivery.uid, delivery.state, delivery.tries) == ("message.sent", what.uid, "pending", 0)
    assert delivery.data == '{"text":"a\\u0000b ü"}'
    await fail(pool, delivery.id, AT)
    assert await queue(pool, what) == set()
    await callback_deliveries.succeed(pool, delivery.id, 200, AT)
    assert await queue(pool, what) == set()
    assert len(await listed(pool, there)) == 1


async def test_what_happens_more_than_once_is_told_as_often(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    uid = new_page_id()
    clicks = [notice(account, "message.clicked", uid, key) for key in ("first", "second", "first")]
    assert await queue(pool, *clicks) == {there}
    assert len(await listed(pool, there)) == 2


async def test_each_endpoint_hears_what_it_listens_to_of_its_own_account(pool: Pool):
    account, other = await new_account(pool), await new_account(pool)
    all_, some = await endpoint(pool, account), await endpoint(pool, account, "message.read")
    foreign = await endpoint(pool, other)
    assert await queue(pool, notice(account)) == {all_}
    assert await queue(pool, notice(account, "message.read"), notice(other)) == {all_, some, foreign}
    assert [len(await listed(pool, there)) for there in (all_, some, foreign)] == [2, 1, 1]
    assert await queue(pool) == set()


async def test_a_disabled_endpoint_hears_nothing_and_neither_does_a_closed_account(pool: Pool):
    account, closed = await new_account(pool), await new_account(pool)
    there, gone = await endpoint(pool, account), await endpoint(pool, closed)
    async with pool.connection() as conn:
        assert await callbacks.listening(conn, [account, closed, 10**9]) == {account, closed}
    await callback_endpoints.change(pool, there, account, {"enabled": False})
    await accounts.delete(pool, closed)
    async with pool.connection() as conn:
        assert await callbacks.listening(conn, [account, closed]) == set()
    assert await queue(pool, notice(account), notice(closed)) == set()
    found = await callback_endpoints.find(pool, gone)
    assert found is not None
    assert (found.enabled, found.disabled_reason) == (False, "the account was closed")
    with pytest.raises(NotFoundError):
        await endpoint(pool, closed)


async def test_of_a_page_what_has_ended_or_was_sent_is_told_as_it_stands(pool: Pool):
    account = await new_account(pool, credit=10)
    there = await endpoint(pool, account)
    page = new_page(account, [1] * 4)
    await held(pool, page)
    assert await tell_page(pool, page.uids) == set()
    await set_states(pool, page.uids[:1], "sent")
    await set_states(pool, page.uids[1:2], "cancelled")
    assert await tell_page(pool, page.uids) == {there}
    told = {delivery.uid: delivery.type for delivery in await listed(pool, there)}
    assert told == {page.uids[0]: "message.sent", page.uids[1]: "message.cancelled"}
    await set_states(pool, page.uids[2:3], "unknown")
    await set_states(pool, page.uids[:1], "delivered")
    assert await tell_page(pool, page.uids) == {there}
    assert len(await listed(pool, there)) == 4


async def test_many_pages_are_told_completely(pool: Pool, monkeypatch):
    monkeypatch.setattr(callbacks, "_CHUNK", 3)
    account = await new_account(pool, credit=10)
    there = await endpoint(pool, account)
    page = new_page(account, [1] * 7)
    await held(pool, page)
    await set_states(pool, page.uids, "sent")
    assert await tell_page(pool, page.uids) == {there}
    assert [delivery.uid for delivery in reversed(await listed(pool, there))] == page.uids


async def test_settling_tells_whether_anybody_listens(fresh_pool: Pool):
    account = await new_account(fresh_pool, credit=1)
    page = new_page(account, [1])
    await held(fresh_pool, page)
    assert not await pages.settle(fresh_pool, page.uids[0], page.uids[0])
    there = await endpoint(fresh_pool, await new_account(fresh_pool))
    assert await pages.settle(fresh_pool, page.uids[0], page.uids[0])
    assert await tell_page(fresh_pool, page.uids) == set()
    found = await callback_endpoints.find(fresh_pool, there)
    assert found is not None
    await callback_endpoints.change(fresh_pool, there, found.account_id, {"enabled": False})
    assert not await pages.settle(fresh_pool, page.uids[0], page.uids[0])


async def test_only_what_is_due_is_handed_out_oldest_first(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    now = datetime.now(UTC)
    for minutes in (-1, -2, 3):
        await queue(pool, what := notice(account))
        await fail(pool, delivery_id(there, what.type, what.uid, ""), now, next_at=now + timedelta(minutes=minutes))
    due = await callback_deliveries.due(pool, there, now, 10)
    assert [delivery.tries for delivery in due] == [1, 1]
    waiting = {delivery.id: delivery.next_at for delivery in await listed(pool, there)}
    assert [waiting[delivery.id] for delivery in due] == [now - timedelta(minutes=2), now - timedelta(minutes=1)]
    assert len(await callback_deliveries.due(pool, there, now, 1)) == 1
    assert await callback_deliveries.next_due(pool, there) == now - timedelta(minutes=2)
    assert there in await callback_deliveries.overdue(pool, 30)
    assert there not in await callback_deliveries.overdue(pool, 300)
    await callback_endpoints.change(pool, there, account, {"enabled": False})
    assert await callback_deliveries.next_due(pool, there) is None
    assert there not in await callback_deliveries.overdue(pool, 30)


async def test_secrets_are_sealed_and_bound_to_their_endpoint(pool: Pool):
    account = await new_account(pool)
    there, other = await endpoint(pool, account), await endpoint(pool, account)
    target = await callback_endpoints.target(pool, KEYRING, there, AT)
    assert target is not None
    (secret,) = target.secrets
    assert secret not in repr(target)
    async with pool.connection() as conn:
        cursor = await conn.execute("select secrets from callback_endpoints where id = %s", (there,))
        ((sealed,),) = await cursor.fetchall()
        assert secret.encode() not in sealed
        await conn.execute("update callback_endpoints set secrets = %s where id = %s", (sealed, other))
    with pytest.raises(KeyringError):
        await callback_endpoints.target(pool, KEYRING, other, AT)
    await callback_endpoints.remove(pool, other)


async def test_former_secrets_sign_until_their_time(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    (first,) = await secrets(pool, there, AT)
    second = await callback_endpoints.rotate(pool, KEYRING, there, account, AT + timedelta(hours=24))
    third = await callback_endpoints.rotate(pool, KEYRING, there, account, AT + timedelta(hours=1))
    assert await secrets(pool, there, AT) == [third, second, first]
    assert await secrets(pool, there, AT + timedelta(hours=2)) == [third]
    for _ in range(5):
        last = await callback_endpoints.rotate(pool, KEYRING, there, account, AT + timedelta(hours=1))
    assert len(known := await secrets(pool, there, AT)) == 4
    assert known[0] == last
    assert await callback_endpoints.rotate(pool, KEYRING, there, account + 1, AT) is None


async def secrets(pool: Pool, endpoint_id: UUID, now: datetime) -> list[str]:
    target = await callback_endpoints.target(pool, KEYRING, endpoint_id, now)
    assert target is not None
    return target.secrets


async def test_resealing_lets_an_old_key_go(fresh_pool: Pool):
    there = await endpoint(fresh_pool, await new_account(fresh_pool))
    fresh = Keyring.generate().replace("k1:", "k2:")
    before = await secrets(fresh_pool, there, AT)
    assert await callback_endpoints.reseal_all(fresh_pool, Keyring.parse(f"{fresh},{KEYS}", CREDENTIALS)) == 1
    target = await callback_endpoints.target(fresh_pool, Keyring.parse(fresh, CREDENTIALS), there, AT)
    assert target is not None
    assert target.secrets == before


async def test_an_endpoint_that_is_removed_leaves_nothing(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    await queue(pool, notice(account))
    assert not await callback_endpoints.remove(pool, there, account + 1)
    assert len(await listed(pool, there)) == 1
    assert await callback_endpoints.remove(pool, there, account)
    assert await listed(pool, there) == []
    assert await callback_endpoints.target(pool, KEYRING, there, AT) is None


async def test_an_endpoint_is_removed_while_a_try_of_it_ends(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    await queue(pool, notice(account))
    async with pool.connection() as conn, conn.transaction():  # as the end of a try does it: delivery, then endpoint
        await conn.execute("update callback_deliveries set tries = 1 where endpoint_id = %s", (there,))
        removing = asyncio.create_task(callback_endpoints.remove(pool, there, account))
        while not await blocked(pool):
            await asyncio.sleep(0.01)
        await conn.execute("update callback_endpoints set failing_since = null where id = %s", (there,))
    assert await removing
    assert await callback_endpoints.find(pool, there) is None


async def blocked(pool: Pool) -> bool:
    """Whether the removal waits for the try."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
               and query like '%callback_%'"""
        )
        return cursor.rowcount > 0


async def test_those_that_are_made_again_come_in_portions(pool: Pool, monkeypatch):
    monkeypatch.setattr(callback_deliveries, "MOST_REPLAYED", 2)
    account = await new_account(pool)
    there = await endpoint(pool, account)
    for minutes in range(5):
        what = Notice(account, "message.sent", new_page_id(), AT + timedelta(minutes=minutes), {})
        await queue(pool, what)
        await fail(pool, delivery_id(there, what.type, what.uid, ""), AT, next_at=None)
    counts, since = [], AT + timedelta(minutes=1)
    while since is not None:
        count, since = await callback_deliveries.replay_since(pool, there, "failed", since)
        counts.append(count)
    assert counts == [2, 2, 0]
    assert [delivery.state for delivery in await listed(pool, there)] == ["pending"] * 4 + ["failed"]


async def test_old_deliveries_are_forgotten(pool: Pool):
    account = await new_account(pool)
    there = await endpoint(pool, account)
    old, young = notice(account), notice(account)
    await queue(pool, old, young)
    async with pool.connection() as conn:
        await conn.execute(
            "update callback_deliveries set created_at = now() - interval '31 days' where uid = %s", (old.uid,)
        )
    assert await callback_deliveries.delete_older_than(pool, 30) >= 1
    assert [delivery.uid for delivery in await listed(pool, there)] == [young.uid]

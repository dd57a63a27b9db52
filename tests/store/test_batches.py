"""A stored batch: all or nothing, held page by page, ended, or forgotten when it never started."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.batches.batch import BatchPage, Stream
from domain.errors import ConflictError
from domain.ids import batch_page_id, message_uid, new_batch_id
from store import idempotency
from store.accounts import accounts
from store.batches import batches
from store.pool import Pool
from tests.store.builders import CONTENT, hold_page, new_account, new_batch, set_states, sms_wallet, stored_page


async def rows(pool: Pool, batch: batches.NewBatch) -> list[tuple[str, str | None, str]]:
    """State, code and credit of the batch's messages."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select state, code, credit from messages where account_id = %s order by uid", (batch.account_id,)
        )
        return await cursor.fetchall()


def uids(batch: batches.NewBatch) -> list[UUID]:
    """The uids of the batch's first page."""
    page_id = batch_page_id(batch.id, 1)
    return [message_uid(page_id, index) for index in range(batch.pages[0].size)]


async def state(pool: Pool, batch: batches.NewBatch) -> tuple[str, bool]:
    """The batch's state, and whether it is under way."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select state, finished_at is null from batches where id = %s", (batch.id,))
        return await cursor.fetchone()


async def test_a_stored_batch_stands_in_the_record_and_holds_nothing(pool: Pool):
    batch = await new_batch(pool, 10, 3, 2)
    assert await rows(pool, batch) == [("queued", None, "pending")] * 5
    assert await sms_wallet(pool, batch.account_id) == (10, 0, 0, 10)
    assert await batches.list_pages(pool, batch.id, 1, 9) == [BatchPage(1, 3, 0.0), BatchPage(2, 2, 0.0)]
    assert await batches.list_pages(pool, batch.id, 2, 2) == [BatchPage(2, 2, 0.0)]
    assert await batches.page_content(pool, batch_page_id(batch.id, 2)) == CONTENT
    header = await batches.header(pool, batch.id)
    assert header is not None
    assert (header.account_id, header.lane, header.streams) == (batch.account_id, "bulk", batch.streams)


async def test_a_page_is_held_once_however_often_and_by_how_many(pool: Pool):
    batch = await new_batch(pool, 10, 3, 2)
    assert await asyncio.gather(*(hold_page(pool, batch) for _ in range(8))) == [set()] * 8
    assert await sms_wallet(pool, batch.account_id) == (7, 3, 0, 10)
    assert await rows(pool, batch) == [("queued", None, "held")] * 3 + [("queued", None, "pending")] * 2


async def test_what_cannot_be_paid_is_refused_by_itself(pool: Pool):
    batch = await new_batch(pool, 2, 3)
    refused = await hold_page(pool, batch)
    assert refused == {message_uid(batch_page_id(batch.id, 1), 2)}
    assert await hold_page(pool, batch) == refused
    assert (await rows(pool, batch))[2] == ("rejected", "no_credit", "free")


async def test_a_page_of_a_suspended_account_is_held_and_one_of_a_deleted_account_is_cancelled(pool: Pool):
    batch = await new_batch(pool, 10, 2, 3)
    await accounts.suspend(pool, batch.account_id)
    assert await hold_page(pool, batch) == set()
    await accounts.delete(pool, batch.account_id)
    assert len(await hold_page(pool, batch, 2)) == 3
    assert await rows(pool, batch) == [("queued", None, "held")] * 2 + [("cancelled", "account_deleted", "free")] * 3
    assert await sms_wallet(pool, batch.account_id) == (8, 2, 0, 10)


async def test_a_message_cancelled_before_its_turn_is_not_held(pool: Pool):
    batch = await new_batch(pool, 10, 2)
    uid = batch_page_id(batch.id, 1)
    assert await batches.cancel_message(pool, uid)
    assert not await batches.cancel_message(pool, uid)
    assert await hold_page(pool, batch) == {uid}
    assert await sms_wallet(pool, batch.account_id) == (9, 1, 0, 10)
    assert not await batches.cancel_message(pool, message_uid(uid, 1))


async def test_an_ended_batch_cancels_what_had_no_turn_and_forgets_its_content(pool: Pool):
    batch = await new_batch(pool, 10, 2, 2)
    await hold_page(pool, batch)
    assert not await batches.finish(pool, batch.id, "completed")
    assert not await batches.finish(pool, batch.id, "cancelled")
    assert await rows(pool, batch) == [("queued", None, "held")] * 2 + [("cancelled", "batch_cancelled", "free")] * 2
    assert await state(pool, batch) == ("cancelling", True), "it ends with its last message"
    assert len(await batches.list_pages(pool, batch.id, 1, 2)) == 2
    await set_states(pool, uids(batch)[:1], "sent")
    await set_states(pool, uids(batch)[1:2], "unknown")
    for _ in range(2):
        assert await batches.finish(pool, batch.id, "cancelled")
    await batches.show_state(pool, batch.id, "running")
    assert await state(pool, batch) == ("cancelled", False)
    kept = [page.number for page in await batches.list_pages(pool, batch.id, 1, 2)]
    assert kept == [1], "what is unknown may be sent again"
    await batches.delete_pages(pool)
    assert len(await batches.list_pages(pool, batch.id, 1, 2)) == 1
    await set_states(pool, uids(batch)[1:2], "rejected")
    await batches.delete_pages(pool)
    assert len(await batches.list_pages(pool, batch.id, 1, 2)) == 1, "what failed may be sent again for some days"
    async with pool.connection() as conn:
        await conn.execute("update failures set at = now() - interval '8 days' where uid = %s", (uids(batch)[1],))
    await batches.delete_pages(pool)
    assert await batches.list_pages(pool, batch.id, 1, 2) == []


async def test_a_batch_is_stored_with_the_answer_under_its_key_or_not_at_all(pool: Pool):
    account_id = await new_account(pool, 1)
    place = (account_id, "/test", uuid4().hex)
    mine, other = new_batch_id(), new_batch_id()
    await idempotency.claim(pool, *place, b"hash", mine, 30)
    for batch_id in (other, mine):
        pages = [stored_page(batch_id, account_id, 1, 1)]
        batch = batches.NewBatch(batch_id, account_id, "sms", "bulk", 1, [Stream("", 1, 1)], pages)
        if batch_id == mine:
            await batches.store(pool, batch, place, b"answer")
        else:
            with pytest.raises(ConflictError):
                await batches.store(pool, batch, place, b"answer")
    assert await batches.header(pool, other) is None
    claim = await idempotency.claim(pool, *place, b"hash", new_batch_id(), 30)
    assert (claim.page_id, claim.status, claim.response) == (mine, None, b"answer")


async def test_a_batch_that_was_never_started_is_found_and_forgotten(pool: Pool):
    batch, started = await new_batch(pool, 1, 1), await new_batch(pool, 1, 1)
    await batches.show_state(pool, started.id, "running")
    assert batch.id not in await batches.unstarted(pool, 60)
    assert batch.id in await batches.unstarted(pool, 0)
    for each in (batch, started):
        assert started.id not in await batches.unstarted(pool, 0)
        await batches.delete_unstarted(pool, each.id)
    assert await rows(pool, batch) == []
    assert await batches.header(pool, batch.id) is None
    assert len(await rows(pool, started)) == 1

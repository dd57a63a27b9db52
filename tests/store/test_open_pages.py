"""Open pages are found without an index on the state of messages, and each message is read once for it."""

import asyncio
import time
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.ids import message_uid, new_page_id, page_of
from store import workflow_checks
from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.orphans import check_due
from store.messages.pages import PageRows, hold, settle
from store.pool import Pool
from tests.store.builders import hold_page, new_account, new_batch, new_page, set_states

ALL = 1_000_000


async def held(pool: Pool, account: int, size: int = 2, age: float = 0.0) -> PageRows:
    page = new_page(account, [1] * size, age)
    assert await hold(pool, page) == {}
    return page


async def noted(pool: Pool) -> set[UUID]:
    async with pool.connection() as conn:
        return {id_ for (id_,) in await (await conn.execute("select id from workflow_checks")).fetchall()}


def ids(*pages: PageRows) -> set[UUID]:
    return {page_of(page.uids[0]) for page in pages}


async def counted(pool: Pool, column: str) -> int:
    """A figure of the server's about the table of messages."""
    async with pool.connection() as conn:
        await conn.execute("select pg_stat_force_next_flush()")
        query = f"""select sum({column})::bigint from pg_stat_user_tables
                    where relid in (select relid from pg_partition_tree('messages'))"""
        row = await (await conn.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]


async def fill(pool: Pool, count: int) -> None:
    """Messages in pages of 500 that were accepted in the last hour; the first page is open."""
    pages = sorted(new_page_id(int((time.time() - 3600) * 1000) + n) for n in range(count // 500))
    async with pool.connection() as conn:
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit)
               select uid, 1, 'sms', '+12025550100', case when n <= 500 then 'queued' else 'sent' end, 1, 'held'
               from unnest(%s::uuid[]) with ordinality as u (uid, n)""",
            ([message_uid(page_id, index) for page_id in pages for index in range(500)],),
        )


async def collect_and_die(conn: psycopg.AsyncConnection) -> None:
    async with conn.transaction():
        await conn.execute("select collect_open_pages(interval '0', 2)")
        await conn.execute("select pg_terminate_backend(pg_backend_pid())")


async def test_no_index_of_messages_depends_on_their_state(pool: Pool):
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select pg_get_indexdef(indexrelid) from pg_index where indrelid = 'messages'::regclass"
        )
        found = [definition for (definition,) in await cursor.fetchall()]
    assert len(found) >= 3
    assert [definition for definition in found if "state" in definition] == []


async def test_a_change_of_state_leaves_the_indexes_alone(one: Pool):
    account = await new_account(one, credit=2000)
    for page in [await held(one, account, 500) for _ in range(4)]:
        gateway = uuid4()
        await write_intents(one, page.uids, 1, gateway, uuid4())
        await flush_outcomes(one, [Attempted(uid, 1, "accepted", str(uid)) for uid in page.uids])
        await settle(one, page.uids[0], page.uids[-1])
        await set_states(one, page.uids, "delivered")
    assert await counted(one, "n_tup_upd") == 3 * 2000
    assert await counted(one, "n_tup_hot_upd") > 0.4 * 3 * 2000


async def test_each_message_is_read_once_and_pages_without_an_outcome_are_noted(one: Pool):
    account = await new_account(one, credit=99)
    queued, unknown, sent, mixed = [await held(one, account, 3) for _ in range(4)]
    await set_states(one, unknown.uids, "unknown")
    await set_states(one, [*sent.uids, *mixed.uids[:2]], "sent")
    before = await counted(one, "idx_tup_fetch")
    assert await workflow_checks.collect(one, 300, ALL) == 0, "they are younger"
    assert [await workflow_checks.collect(one, 0, 5) for _ in range(4)] == [5, 5, 2, 0]
    assert await counted(one, "idx_tup_fetch") - before == 12
    assert await noted(one) == ids(queued, unknown, mixed)


async def test_chunks_read_what_they_return_however_big_the_table_is(one: Pool):
    count = 100_000
    for _ in range(3):  # its plan is made while the table is empty
        assert await workflow_checks.collect(one, 0, 1000) == 0
    await fill(one, count)
    assert [await workflow_checks.collect(one, 0, 1000) for _ in range(3)] == [1000] * 3
    assert await counted(one, "idx_tup_fetch") == 3000
    assert await counted(one, "seq_tup_read") == 0
    begin = time.perf_counter()
    read = [await workflow_checks.collect(one, 0, 20_000) for _ in range(6)]
    seconds = time.perf_counter() - begin
    print(f"{sum(read) / seconds:,.0f} messages/s")
    assert sum(read) == count - 3000
    assert sum(read) / seconds > 5000
    assert len(await noted(one)) == 1


async def test_collectors_side_by_side_share_the_messages(fresh_pool: Pool):
    account = await new_account(fresh_pool, credit=999)
    pages = [await held(fresh_pool, account, 10) for _ in range(20)]
    read = await asyncio.gather(*(workflow_checks.collect(fresh_pool, 0, 30) for _ in range(9)))
    assert sorted(read) == [0, 0, 20, *[30] * 6]
    assert await noted(fresh_pool) == ids(*pages)


async def test_a_collector_that_dies_leaves_its_chunk_to_the_next(fresh_pool: Pool):
    account = await new_account(fresh_pool, credit=9)
    first, second = await held(fresh_pool, account), await held(fresh_pool, account)
    assert await workflow_checks.collect(fresh_pool, 0, 2) == 2
    async with fresh_pool.connection() as conn:
        with pytest.raises(psycopg.errors.AdminShutdown):
            await collect_and_die(conn)
    assert await noted(fresh_pool) == ids(first)
    assert await workflow_checks.collect(fresh_pool, 0, 2) == 2
    assert await noted(fresh_pool) == ids(first, second)


async def test_pages_that_are_written_late_note_themselves(fresh_pool: Pool):
    account, other = await new_account(fresh_pool, credit=9), await new_account(fresh_pool, credit=9)
    await held(fresh_pool, account)
    assert await workflow_checks.collect(fresh_pool, 0, ALL) == 2
    before = await noted(fresh_pool)
    late, timely = await held(fresh_pool, account, age=121), await held(fresh_pool, account, age=90)
    assert await noted(fresh_pool) == before | ids(late)
    shared = [new_page(each, [1], age=600) for each in (account, other)]
    shared[1].uids[:] = [UUID(int=shared[0].uids[0].int + 1)]
    await hold(fresh_pool, *shared)
    assert await noted(fresh_pool) == before | ids(late, shared[0])
    assert await workflow_checks.collect(fresh_pool, 0, ALL) == 0, "they are behind the mark"
    assert ids(timely).isdisjoint(await noted(fresh_pool)), "a collector at its usual age would have come later"
    assert workflow_checks.COLLECTED_AT - workflow_checks.LATE >= 120


async def test_a_late_page_of_a_batch_notes_itself_too(fresh_pool: Pool, monkeypatch):
    batch = await new_batch(fresh_pool, 9, 2, 2)
    await hold_page(fresh_pool, batch, 1)
    assert await noted(fresh_pool) == set()
    monkeypatch.setattr(workflow_checks, "LATE", 0.0)
    await hold_page(fresh_pool, batch, 2)
    assert [page_id.int - batch.id.int for page_id in await noted(fresh_pool)] == [2 << 9]


async def test_pages_of_a_clock_that_is_ahead_are_read_when_their_time_has_come(fresh_pool: Pool):
    page = await held(fresh_pool, await new_account(fresh_pool, credit=9), age=-600)
    assert await workflow_checks.collect(fresh_pool, 0, ALL) == 0
    assert await noted(fresh_pool) == set()
    assert await workflow_checks.collect(fresh_pool, -700, ALL) == 2
    assert await noted(fresh_pool) == ids(page)


async def test_pages_are_forgotten_when_all_their_messages_have_outcomes(fresh_pool: Pool):
    account = await new_account(fresh_pool, credit=99)
    ended, unknown, touched, silent = [await held(fresh_pool, account, age=600) for _ in range(4)]
    batch = await new_batch(fresh_pool, 9, 2)
    assert await workflow_checks.collect(fresh_pool, 0, ALL) == 10
    await set_states(fresh_pool, ended.uids, "delivered")
    await set_states(fresh_pool, unknown.uids, "unknown")
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "update messages set updated_at = now() - interval '1 hour' where uid = any(%s::uuid[])", (silent.uids,)
        )
    pages = await check_due(fresh_pool, 2, 300, 3600) + await check_due(fresh_pool, 10, 300, 3600)
    assert {page.id for page in pages if page.is_silent} == ids(silent)
    assert ids(ended).isdisjoint(await noted(fresh_pool))
    pending = UUID(int=batch.id.int + (1 << 9))
    assert await noted(fresh_pool) == ids(unknown, touched, silent) | {pending}
    assert {page.id for page in await check_due(fresh_pool, 10, 300, 3600)} == ids(silent), "the others are put off"
    async with fresh_pool.connection() as conn:
        cursor = await conn.execute("select id, extract(epoch from next_at - now())::float8 from workflow_checks")
        wait = dict(await cursor.fetchall())
    assert wait[pending] == pytest.approx(300, abs=60), "its turn may come at once"
    assert wait[page_of(touched.uids[0])] == pytest.approx(300, abs=60)
    assert wait[page_of(unknown.uids[0])] > 3600


async def test_what_a_batch_is_asked_about_is_no_page_and_is_forgotten_with_its_end(fresh_pool: Pool):
    batch = await new_batch(fresh_pool, 9, 2)
    await workflow_checks.put_off(fresh_pool, batch.id, -1)
    assert await check_due(fresh_pool, 10, 0, 0) == []
    await workflow_checks.delete_ended(fresh_pool)
    assert await noted(fresh_pool) == {batch.id}
    async with fresh_pool.connection() as conn:
        await conn.execute("update batches set state = 'completed', finished_at = now()")
    await workflow_checks.delete_ended(fresh_pool)
    assert await noted(fresh_pool) == set()

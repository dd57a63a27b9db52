"""Counters of usage equal a count of all messages, whatever changed them, how often, and wherever it died."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.access.actors import COMMAND_LINE
from domain.ids import message_uid, minted_at
from domain.messages.page import KeyTerms
from store.batches import batches
from store.messages import attempts, orphans, pages, receipts, resolving, unknown
from store.messages.attempts import Attempted
from store.messages.pages import FinalState
from store.pool import Pool
from store.reports import usage
from store.reports.usage import Filter, Usage
from tests.store.builders import (
    apply_all,
    flush,
    hold_page,
    launched,
    new_account,
    new_batch,
    new_gateway,
    new_page,
    receipt,
)
from tests.store.recount import miscounted

EVER = Filter(date(2000, 1, 1), date(9999, 12, 31))


async def total(pool: Pool, wanted: Filter = EVER) -> Usage:
    (row,) = await usage.page(pool, wanted, ["channel"], None, 2)
    return row


async def outcomes(pool: Pool, wanted: Filter = EVER) -> Counter[str]:
    """How many messages have which outcome; those without any are left out."""
    row = await total(pool, wanted)
    return +Counter({name: getattr(row, name) for name in (*usage.COUNTERS, "waiting")})


async def is_exact(pool: Pool) -> bool:
    return await miscounted(pool) == set()


async def test_a_page_from_its_hold_to_its_receipts_with_every_step_twice(fresh_pool: Pool):
    gateway_id = await new_gateway(fresh_pool)
    page = new_page(await new_account(fresh_pool, 7), [2, 2, 2, 2])  # the last one cannot be paid
    for _ in range(2):
        await pages.hold(fresh_pool, page)
        assert await outcomes(fresh_pool) == Counter(accepted=4, waiting=3, failed=1)
    sent = page.uids[:3]
    await attempts.write_intents(fresh_pool, sent, 1, gateway_id, uuid4())
    done = [
        Attempted(uid, 1, how, f"id-{n}", True)
        for n, (uid, how) in enumerate(zip(sent, ("accepted", "accepted", "unknown"), strict=True))
    ]
    for _ in range(2):
        await attempts.flush_outcomes(fresh_pool, done)
        await pages.settle(fresh_pool, page.uids[0], page.uids[-1])
        assert await outcomes(fresh_pool) == Counter(accepted=4, sent=2, failed=1, unknown=1, credits=4)
    reports = [
        receipt("delivered", uid=str(sent[0])),
        receipt("bounced", uid=str(sent[1])),
        receipt("delivered", uid=str(sent[2])),
    ]
    for _ in range(2):
        await apply_all(fresh_pool, [gateway_id], reports)
        assert await outcomes(fresh_pool) == Counter(accepted=4, delivered=2, failed=2, credits=4)
        await usage.fold(fresh_pool)
    assert await outcomes(fresh_pool, Filter(EVER.first, EVER.last, gateway_id=gateway_id)) == Counter(
        accepted=3, delivered=2, failed=1, credits=4
    )
    assert await is_exact(fresh_pool)


async def test_batches_count_when_they_are_accepted_until_they_are_given_up(fresh_pool: Pool):
    sent, cancelled, lost = [await new_batch(fresh_pool, 10, 3, 2) for _ in range(3)]
    assert await outcomes(fresh_pool) == Counter(accepted=15, waiting=15)
    await hold_page(fresh_pool, sent)
    await batches.cancel_message(fresh_pool, message_uid(UUID(int=sent.id.int | 2 << 9), 1))
    await batches.finish(fresh_pool, cancelled.id, "cancelled")
    await batches.delete_unstarted(fresh_pool, lost.id)
    assert await outcomes(fresh_pool) == Counter(accepted=10, waiting=4, failed=6)
    assert await is_exact(fresh_pool)


async def test_what_ends_messages_without_their_page(fresh_pool: Pool):
    gateway_id = await new_gateway(fresh_pool)
    given_up, told, orphaned, old, resolved, silent = [await launched(fresh_pool, gateway_id, 2) for _ in range(6)]
    await flush(fresh_pool, given_up, "retry_later")
    await pages.give_up(fresh_pool, given_up.uids, 1)
    await pages.record_final_states(fresh_pool, [FinalState(told.uids[0], "cancelled", "cancelled", "")])
    async with fresh_pool.connection() as conn:
        await orphans.mark_unknown(conn, orphaned.uids[0], "lost", "lost")
        await conn.execute("insert into workflow_checks (id) values (%s)", (old.uids[0],))
    for page in (old, resolved, silent):
        await flush(fresh_pool, page, "unknown", "accepted")
    assert [ended async for ended in unknown.end_older_than(fresh_pool, -1, "expired")] == []
    await resolving.settle(fresh_pool, resolved.uids[0], "sent", "", COMMAND_LINE)
    assert [ended async for ended in receipts.expire_older_than(fresh_pool, -1)] == []
    assert await is_exact(fresh_pool)
    assert (await total(fresh_pool)).accepted == 12


async def test_a_message_counts_for_the_gateway_that_had_it_last(fresh_pool: Pool):
    first, second = [await new_gateway(fresh_pool) for _ in range(2)]
    page = await launched(fresh_pool, first, 1)
    await flush(fresh_pool, page, "retry_later")
    await attempts.write_intents(fresh_pool, page.uids, 2, second, uuid4())
    await attempts.flush_outcomes(fresh_pool, [Attempted(page.uids[0], 2, "accepted")])
    rows = await usage.page(fresh_pool, EVER, ["gateway"], None, 9)
    assert [(row.key["gateway"], row.accepted, row.sent) for row in rows] == [(second, 1, 1)]


async def die_while_changing(pool: Pool) -> None:
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("update messages set state = 'delivered'")
        await conn.execute("select pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize("test", [False, True])
async def test_messages_of_keys_with_terms_count_and_those_of_test_keys_do_not(fresh_pool: Pool, test: bool):
    page = replace(new_page(await new_account(fresh_pool, 3), [2, 2]), key=KeyTerms("k" * 12, test))
    for _ in range(2):
        await pages.hold(fresh_pool, page)
    await attempts.write_intents(fresh_pool, page.uids[:1], 1, await new_gateway(fresh_pool), uuid4())
    await attempts.flush_outcomes(fresh_pool, [Attempted(page.uids[0], 1, "accepted", "id", False)])
    await pages.settle(fresh_pool, page.uids[0], page.uids[-1])
    if test:
        assert await usage.page(fresh_pool, EVER, ["channel"], None, 2) == []
    else:
        assert await outcomes(fresh_pool) == Counter(accepted=2, sent=1, failed=1, credits=2)
    assert await is_exact(fresh_pool)


async def test_what_is_rolled_back_counts_nothing(fresh_pool: Pool):
    gateway_id = await new_gateway(fresh_pool)
    page = await launched(fresh_pool, gateway_id, 3)
    before = await outcomes(fresh_pool)
    with pytest.raises(psycopg.errors.AdminShutdown):
        await die_while_changing(fresh_pool)
    assert await outcomes(fresh_pool) == before == Counter(accepted=3, waiting=3)
    await flush(fresh_pool, page, "accepted")
    assert await is_exact(fresh_pool)


async def test_a_day_is_that_of_the_acceptance(fresh_pool: Pool):
    account = await new_account(fresh_pool)
    now = datetime.now(UTC)
    page = new_page(account, [0], age=3 * 86400)
    await pages.hold(fresh_pool, page)
    (row,) = await usage.page(fresh_pool, EVER, ["day"], None, 9)
    assert row.key["day"] == datetime.fromtimestamp(minted_at(page.uids[0]), UTC).date() == (now - timedelta(3)).date()


async def test_readers_see_the_same_while_counters_are_added_up(fresh_pool: Pool):
    account = await new_account(fresh_pool)
    for _ in range(40):
        await pages.hold(fresh_pool, new_page(account, [0, 0]))
    seen = []

    async def read() -> None:
        while len(seen) < 20:
            seen.append((await total(fresh_pool)).accepted)

    await asyncio.gather(read(), usage.fold(fresh_pool))
    assert set(seen) == {80}
    async with fresh_pool.connection() as conn:
        rows = await (
            await conn.execute("select count(*) from usage_changes union all select count(*) from usage_days")
        ).fetchall()
    assert rows == [(0,), (1,)]


async def test_two_who_add_up_at_once_add_everything_once(fresh_pool: Pool):
    for _ in range(30):
        await pages.hold(fresh_pool, new_page(await new_account(fresh_pool), [0]))
    await asyncio.gather(*(usage.fold(fresh_pool) for _ in range(2)))
    assert (await total(fresh_pool)).accepted == 30
    assert await is_exact(fresh_pool)


async def test_messages_from_before_the_counters_are_not_counted(fresh_pool: Pool):
    account = await new_account(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute("update usage_mark set uid = uid_at(now() - interval '1 hour')")
    old = new_page(account, [0], age=7200)
    await pages.hold(fresh_pool, old)
    await pages.record_final_states(fresh_pool, [FinalState(old.uids[0], "cancelled", "cancelled", "")])
    await pages.hold(fresh_pool, new_page(account, [0]))
    assert await outcomes(fresh_pool) == Counter(accepted=1, waiting=1)


async def test_lists_go_on_where_the_page_before_ended(fresh_pool: Pool):
    gateway_id = await new_gateway(fresh_pool)
    for age in (0, 86400, 86400 * 2):
        page = new_page(await new_account(fresh_pool), [0, 0], age=age)
        await pages.hold(fresh_pool, page)
        await attempts.write_intents(fresh_pool, page.uids[:1], 1, gateway_id, uuid4())
        await flush(fresh_pool, page, "accepted")
    for groups in (["day"], ["day", "user", "channel", "gateway"], ["user", "gateway"], ["gateway"]):
        whole = await usage.page(fresh_pool, EVER, groups, None, 99)
        found: list[Usage] = []
        while rows := await usage.page(fresh_pool, EVER, groups, found[-1].place if found else None, 1):
            found += rows
        assert found == whole
        assert sum(row.accepted for row in whole) == 6

"""What waits, for which reason and how long, by what is stored."""

from datetime import timedelta
from uuid import uuid4

from store.gateways import gateway_waits
from store.messages import pages
from store.pool import Pool
from store.reports import gauges, waiting
from store.reports.waiting import Recent
from tests.store.builders import hold_page, new_account, new_batch, new_gateway, new_page, set_states


async def waits(pool: Pool) -> dict[tuple[str, str], tuple[int, int]]:
    """By lane and reason how many, and for about how many seconds the oldest."""
    return {(one.lane, one.reason): (one.messages, round(one.oldest, -1)) for one in await waiting.read(pool, Recent())}


async def due_since(pool: Pool, uids: list, seconds: float) -> None:
    async with pool.connection() as conn:
        query = "update messages set created_at = clock_timestamp() - %s where uid = any(%s)"
        await conn.execute(query, (timedelta(seconds=seconds), uids))


async def test_messages_wait_for_their_gateway_until_they_have_an_outcome(fresh_pool: Pool):
    account = await new_account(fresh_pool, 5)
    await pages.hold(fresh_pool, new_page(account, [1]))
    assert await waits(fresh_pool) == {}, "what has just come is on its way"
    page = new_page(account, [1, 1, 1], age=100)
    await pages.hold(fresh_pool, page)
    await due_since(fresh_pool, page.uids, 100)
    assert await waits(fresh_pool) == {("transactional", "gateway"): (3, 100)}
    await set_states(fresh_pool, page.uids[:2], "sent")
    assert await waits(fresh_pool) == {("transactional", "gateway"): (1, 100)}
    await set_states(fresh_pool, page.uids, "sent")
    assert await waits(fresh_pool) == {}


async def test_old_pages_that_were_noted_are_counted_once(fresh_pool: Pool):
    page = new_page(await new_account(fresh_pool, 5), [1], age=1000)
    await pages.hold(fresh_pool, page)
    await due_since(fresh_pool, page.uids, 1000)
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "insert into workflow_checks (id) values (page_of(%s)) on conflict do nothing", (page.uids[0],)
        )
    assert await waits(fresh_pool) == {("transactional", "gateway"): (1, 1000)}
    async with fresh_pool.connection() as conn:
        await conn.execute("update workflow_checks_mark set uid = %s", (page.uids[0],))
    assert await waits(fresh_pool) == {("transactional", "gateway"): (1, 1000)}


async def test_what_is_open_is_found_once_it_is_some_seconds_old_and_remembered_until_it_ends(fresh_pool: Pool):
    account, recent = await new_account(fresh_pool, 5), Recent()
    old, young = new_page(account, [1], age=100), new_page(account, [1], age=50)
    await pages.hold(fresh_pool, old)
    assert [one.messages for one in await waiting.read(fresh_pool, recent)] == [1]
    await pages.hold(fresh_pool, young)
    assert [one.messages for one in await waiting.read(fresh_pool, recent)] == [2]
    await set_states(fresh_pool, old.uids, "sent")
    assert [one.messages for one in await waiting.read(fresh_pool, recent)] == [1]
    assert len(recent.pages) == 1
    late = new_page(account, [1], age=200)  # written by a worker that came back
    await pages.hold(fresh_pool, late)
    assert [one.messages for one in await waiting.read(fresh_pool, recent)] == [2]


async def test_messages_that_are_due_later_do_not_wait(fresh_pool: Pool):
    page = new_page(await new_account(fresh_pool, 5), [1], age=100)
    await pages.hold(fresh_pool, page)
    await due_since(fresh_pool, page.uids, 100)
    async with fresh_pool.connection() as conn:
        await conn.execute("update messages set schedule_at = clock_timestamp() + interval '1 hour'")
    assert await waits(fresh_pool) == {}


async def test_what_is_paused_is_told_from_what_is_slow(fresh_pool: Pool):
    account, gateway = await new_account(fresh_pool, 5), await new_gateway(fresh_pool)
    paused, suspended = new_page(account, [1], age=50), new_page(account, [1], age=50)
    for page in (paused, suspended):
        await pages.hold(fresh_pool, page)
        await due_since(fresh_pool, page.uids, 50)
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "insert into account_waits (page_id, account_id) select page_of(%s), %s", (suspended.uids[0], account)
        )
        row = await (await conn.execute("select page_of(%s)", (paused.uids[0],))).fetchone()
    assert row is not None
    await gateway_waits.note(fresh_pool, row[0], [gateway])
    assert await waits(fresh_pool) == {
        ("transactional", "gateway_paused"): (1, 50),
        ("transactional", "sending_paused"): (1, 50),
    }


async def test_pages_of_batches_wait_for_their_turn_and_then_for_their_gateway(fresh_pool: Pool):
    batch = await new_batch(fresh_pool, 10, 3, 2)
    async with fresh_pool.connection() as conn:
        await conn.execute("update messages set created_at = clock_timestamp() - interval '70 seconds'")
    assert await waits(fresh_pool) == {("bulk", "turn"): (5, 70)}
    await hold_page(fresh_pool, batch)
    assert await waits(fresh_pool) == {("bulk", "gateway"): (3, 70), ("bulk", "turn"): (2, 70)}


async def test_the_figures_of_an_install_count_its_rows(fresh_pool: Pool):
    before = await gauges.read(fresh_pool)
    gateway = await new_gateway(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute("insert into workflow_checks (id, failing_since) values (%s, now())", (uuid4(),))
        await conn.execute("insert into workers values ('w', '{xsender}', clock_timestamp())")
        await conn.execute("update gateways set mode = 'paused' where id = %s", (gateway,))
    after = await gauges.read(fresh_pool)
    assert (after.failing, after.workers) == (before.failing + 1, before.workers + 1)
    assert [one.mode for one in after.gateways] == ["paused"]
    assert after.partitions.months >= 2

"""A gateway's health: every try counts once, by its outcome and minute."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.errors import NotFoundError
from domain.messages.routing import Mode
from store.gateways import gateway_queries, gateways, routing
from store.gateways.gateway_health import Breaker, delete_old_minutes, health, note_receipts
from store.messages import pages
from store.pool import Pool
from tests.store.builders import counts, flush, launched, new_account, new_gateway


async def age(pool: Pool, gateway_id: UUID, minutes: int) -> None:
    """Make all counts of a gateway older."""
    async with pool.connection() as conn:
        await conn.execute(
            """update gateway_minutes set minute = minute - %(age)s, accepted_at = accepted_at - %(age)s
               where gateway_id = %(id)s""",
            {"age": timedelta(minutes=minutes), "id": gateway_id},
        )


async def test_every_outcome_counts(pool: Pool):
    gateway_id, other = await new_gateway(pool), await new_gateway(pool)
    page = await launched(pool, gateway_id, 10)
    outcomes = ["accepted"] * 4 + ["refused"] * 3 + ["retry_later", "gateway_down", "unknown"]
    await flush(pool, page, *outcomes)
    assert await counts(pool, gateway_id) == (4, 3, 1, 1, 1)
    found = await health(pool, gateway_id)
    assert found.last_15_minutes.error_rate == 0.2
    assert found.last_day == found.last_15_minutes
    assert abs((datetime.now(UTC) - found.last_accepted_at).total_seconds()) < 60
    assert await counts(pool, other) == (0, 0, 0, 0, 0)
    assert (await health(pool, other)).last_15_minutes.error_rate is None


async def test_what_is_written_twice_counts_once(pool: Pool):
    gateway_id = await new_gateway(pool)
    page = await launched(pool, gateway_id, 3)
    for _ in range(3):
        await flush(pool, page, "accepted", "unknown", "gateway_down")
    assert await counts(pool, gateway_id) == (1, 0, 0, 1, 1)


async def test_what_a_dispatch_left_behind_counts_as_unknown(pool: Pool):
    gateway_id = await new_gateway(pool)
    page = await launched(pool, gateway_id, 3)
    await flush(pool, page, "accepted")
    for _ in range(2):
        await pages.give_up(pool, page.uids, 1)
    assert await counts(pool, gateway_id) == (1, 0, 0, 0, 2)


async def test_a_lost_answer_that_turns_up_counts_as_what_it_was_too(pool: Pool):
    gateway_id = await new_gateway(pool)
    page = await launched(pool, gateway_id, 1)
    await flush(pool, page, "unknown")
    await flush(pool, page, "accepted")
    assert await counts(pool, gateway_id) == (1, 0, 0, 0, 1)


async def test_counts_of_many_connections_at_a_time_add_up(pool: Pool):
    gateway_id = await new_gateway(pool)
    under_way = [await launched(pool, gateway_id, 2) for _ in range(40)]
    await asyncio.gather(*(flush(pool, page, "accepted", "refused") for page in under_way))
    assert await counts(pool, gateway_id) == (40, 40, 0, 0, 0)


async def test_what_is_older_leaves_the_counts_and_is_forgotten_after_a_week(pool: Pool):
    gateway_id = await new_gateway(pool)
    await flush(pool, await launched(pool, gateway_id, 1), "accepted")
    await age(pool, gateway_id, 16)
    found = await health(pool, gateway_id)
    assert (found.last_15_minutes.accepted, found.last_day.accepted) == (0, 1)
    await age(pool, gateway_id, 24 * 60)
    await delete_old_minutes(pool, 7)
    found = await health(pool, gateway_id)
    assert found.last_day.accepted == 0
    assert found.last_accepted_at is not None
    await age(pool, gateway_id, 6 * 24 * 60)
    await delete_old_minutes(pool, 7)
    assert (await health(pool, gateway_id)).last_accepted_at is None


async def test_the_last_message_it_took_is_the_latest_of_all_minutes(pool: Pool):
    gateway_id = await new_gateway(pool)
    await flush(pool, await launched(pool, gateway_id, 1), "accepted")
    await age(pool, gateway_id, 30)
    took = (await health(pool, gateway_id)).last_accepted_at
    await flush(pool, await launched(pool, gateway_id, 1), "gateway_down")
    assert (await health(pool, gateway_id)).last_accepted_at == took


async def test_an_outcome_is_recorded_though_its_gateway_was_deleted(pool: Pool):
    page = await launched(pool, uuid4(), 1)
    await flush(pool, page, "accepted")
    with pytest.raises(NotFoundError):
        await health(pool, uuid4())


async def test_it_shows_the_breaker(pool: Pool):
    gateway_id = await new_gateway(pool)
    assert (await health(pool, gateway_id)).breaker == Breaker("closed", 0, None, None)
    await routing.record_down(pool, gateway_id, "refused the connection", 3, 5, 60.0)
    assert (await health(pool, gateway_id)).breaker == Breaker("closed", 3, None, "refused the connection")
    await routing.record_down(pool, gateway_id, "answered 500", 2, 5, 60.0)
    breaker = (await health(pool, gateway_id)).breaker
    assert (breaker.state, breaker.failures, breaker.last_error) == ("open", 5, "answered 500")
    assert 50 < (breaker.open_until - datetime.now(UTC)).total_seconds() <= 61
    async with pool.connection() as conn:
        await conn.execute("update gateway_breakers set open_until = now() where gateway_id = %s", (gateway_id,))
    assert (await health(pool, gateway_id)).breaker.state == "half_open"
    assert (await gateways.get(pool, gateway_id)).breaker == "half_open"


async def test_it_shows_the_mode_and_each_change_is_a_new_version(pool: Pool):
    gateway_id = await new_gateway(pool)
    for version, mode in enumerate([Mode.PAUSED, Mode.DRAINING, Mode.ACTIVE], 2):
        await gateways.set_mode(pool, gateway_id, mode)
        info = await gateways.get(pool, gateway_id)
        assert (info.mode, info.version, info.enabled) == (mode, version, True)
        assert (await health(pool, gateway_id)).mode == mode
    with pytest.raises(NotFoundError):
        await gateways.set_mode(pool, uuid4(), Mode.PAUSED)


async def test_the_last_receipt_is_the_latest_whatever_order_they_come_in(pool: Pool):
    gateway_id = await new_gateway(pool)
    assert (await health(pool, gateway_id)).last_receipt_at is None
    late, early = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC)
    async with pool.connection() as conn:
        for at in (early, late, early):
            await note_receipts(conn, [gateway_id], at)
        await note_receipts(conn, [uuid4()], late)  # of one that was deleted
    assert (await health(pool, gateway_id)).last_receipt_at == late


async def test_receipts_of_the_same_second_are_noted_once(pool: Pool):
    first, second = await new_gateway(pool), await new_gateway(pool)
    begun = datetime(2026, 11, 22, 12, tzinfo=UTC)
    moments = [begun, begun + timedelta(seconds=0.9), begun + timedelta(seconds=1.1)]
    noted = []
    for at in moments:
        async with pool.connection() as conn:
            await note_receipts(conn, [first, second], at)
        noted.append((await health(pool, first)).last_receipt_at)
    assert noted == [moments[0], moments[0], moments[2]]
    assert (await health(pool, second)).last_receipt_at == moments[2]


async def test_an_account_sees_its_own_and_what_it_may_use_page_by_page(pool: Pool):
    account, stranger = await new_account(pool), await new_account(pool)
    own = [await new_gateway(pool, account) for _ in range(3)]
    shared = await new_gateway(pool, share_with=[account])
    foreign = await new_gateway(pool, stranger)
    seen = [info.id for info in await gateway_queries.visible(pool, account, None, 10)]
    assert seen == [*own, shared]
    first = [info.id for info in await gateway_queries.visible(pool, account, None, 2)]
    assert first + [info.id for info in await gateway_queries.visible(pool, account, first[-1], 10)] == seen
    for gateway_id in (*own, shared):
        assert (await gateway_queries.find(pool, gateway_id, account)).id == gateway_id
    assert await gateway_queries.find(pool, foreign, account) is None
    assert (await gateway_queries.find(pool, foreign, None)).id == foreign

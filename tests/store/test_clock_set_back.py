"""The database's clock is set forward and back: times written meanwhile are in the future, and delay nothing.

The clock itself cannot be set here: what it would have written is moved by an hour instead.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.bulk_throttle import DelayFigures
from domain.callbacks import TEST_EVENT
from domain.keyring import CREDENTIALS, Keyring
from domain.request_rates import Rate
from store import idempotency, queue_delays
from store.accounts import request_rates
from store.callbacks import callback_deliveries, callbacks
from store.callbacks.callbacks import Notice
from store.gateways import gateway_health, routing
from store.pool import Pool
from store.workers import beat, queues_served
from tests.activities.pages import Page, new_page
from tests.receiver import register
from tests.store.builders import new_account

KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)


async def moved(pool: Pool, table: str, key: str, value: object, *columns: str) -> None:
    """Move times of a row into the future."""
    changes = ", ".join(f"{column} = {column} + interval '1 hour'" for column in columns)
    async with pool.connection() as conn:
        cursor = await conn.execute(f"update {table} set {changes} where {key} = %s", (value,))
        assert cursor.rowcount == 1


async def slots(pool: Pool, gateway_id: UUID, count: int, within: float = 1e6) -> float | None:
    """Seconds until the first of so many slots of ten in a second."""
    taken = await routing.reserve_slots(pool, gateway_id, count, 10.0, within)
    return taken and taken.wait


async def test_rate_slots_come_no_later_than_what_was_taken_before_them(pool: Pool):
    gateway = (await new_page(pool, 1)).gateway_id
    await slots(pool, gateway, 20)
    await moved(pool, "gateway_slots", "gateway_id", gateway, "free_at", "asked_at")
    assert await slots(pool, gateway, 5) == pytest.approx(2.0, abs=0.2)
    assert await slots(pool, gateway, 1) == pytest.approx(2.5, abs=0.2), "the rate holds"


async def test_rate_slots_that_nobody_waits_for_so_long_come_nearer_all_the_same(pool: Pool):
    gateway = (await new_page(pool, 1)).gateway_id
    await slots(pool, gateway, 30)
    await moved(pool, "gateway_slots", "gateway_id", gateway, "free_at", "asked_at")
    assert await slots(pool, gateway, 1, within=1.0) is None
    async with pool.connection() as conn:  # two seconds pass
        await conn.execute(
            "update gateway_slots set free_at = free_at - interval '2 s', asked_at = asked_at - interval '2 s' "
            "where gateway_id = %s",
            (gateway,),
        )
    assert await slots(pool, gateway, 1, within=1.5) == pytest.approx(1.0, abs=0.2)


async def test_a_long_queue_for_rate_slots_is_not_taken_for_a_clock_that_was_set_back(pool: Pool):
    gateway = (await new_page(pool, 1)).gateway_id
    await slots(pool, gateway, 100_000)
    assert await slots(pool, gateway, 1, within=5.0) is None
    assert await slots(pool, gateway, 1) == pytest.approx(10_000, abs=1)


async def test_rate_slots_of_the_release_before_are_kept(pool: Pool):
    gateway = (await new_page(pool, 1)).gateway_id
    await slots(pool, gateway, 50)
    async with pool.connection() as conn:
        await conn.execute("update gateway_slots set asked_at = null where gateway_id = %s", (gateway,))
    assert await slots(pool, gateway, 1, within=1.0) is None
    assert await slots(pool, gateway, 1) == pytest.approx(5.0, abs=0.2)


async def test_who_had_asked_as_often_as_allowed_may_ask_again(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    subject, rate = uuid4().hex, Rate(0.01, burst=3)
    monkeypatch.setattr(request_rates, "_MOST_COST", 2)
    assert [await request_rates.take(pool, subject, rate) for _ in range(3)] == [0, 0, 0]
    assert 99 < await request_rates.take(pool, subject, rate) <= 100
    await moved(pool, "request_rates", "subject", subject, "empty_at")
    assert [await request_rates.take(pool, subject, rate) > 0 for _ in range(4)] == [False] * 3 + [True]


async def opened(page: Page) -> None:
    await routing.record_down(page.pool, page.gateway_id, "down", 5, 5, 5.0)


async def test_a_breaker_lets_one_page_probe(pool: Pool):
    page = await new_page(pool, 1)
    await opened(page)
    assert await is_out_of_use(page)
    assert not await routing.take_probe(pool, page.gateway_id, 30.0)
    await moved(pool, "gateway_breakers", "gateway_id", page.gateway_id, "open_until")
    assert not await is_out_of_use(page)
    assert (await gateway_health.health(pool, page.gateway_id)).breaker.state == "half_open"
    assert await routing.take_probe(pool, page.gateway_id, 30.0)
    assert not await routing.take_probe(pool, page.gateway_id, 30.0)
    assert await is_out_of_use(page)


async def is_out_of_use(page: Page) -> bool:
    (sender,) = (await routing.candidates(page.pool, [page.account_id], "sms")).values()
    (candidate,) = sender.candidates
    return candidate.out_of_use


async def test_an_idempotency_key_whose_owner_died_can_be_taken_over(pool: Pool):
    place, page = (0, "/test", uuid4().hex), uuid4()
    assert (await idempotency.claim(pool, *place, b"hash", page, 30)).mine
    assert not (await idempotency.claim(pool, *place, b"hash", uuid4(), 30)).mine
    await moved(pool, "idempotency_keys", "key", place[2], "locked_until")
    again = await idempotency.claim(pool, *place, b"hash", uuid4(), 30)
    assert (again.mine, again.page_id) == (True, page)
    assert not (await idempotency.claim(pool, *place, b"hash", uuid4(), 30)).mine


async def test_a_worker_that_died_is_not_taken_for_alive(pool: Pool):
    worker = uuid4().hex
    await beat(pool, worker, [worker])
    assert worker in await queues_served(pool)
    await moved(pool, "workers", "id", worker, "seen_at")
    assert worker not in await queues_served(pool)


async def test_bulk_does_not_go_on_giving_way_to_what_a_dead_process_reported(pool: Pool):
    process, figures = uuid4(), DelayFigures(77, 1.0, 1.0)
    await queue_delays.publish(pool, process, figures)
    assert figures in await queue_delays.recent(pool, 5)
    await moved(pool, "slowdowns", "process_id", process, "said_at")
    assert figures not in await queue_delays.recent(pool, 5)


async def test_callbacks_that_were_queued_meanwhile_are_due_at_once(pool: Pool):
    account = await new_account(pool)
    endpoint = (await register(pool, KEYRING, account, "https://example.com/")).id
    async with pool.connection() as conn:
        notice = Notice(account, TEST_EVENT, None, datetime.now(UTC), {}, uuid4().hex)
        delivery = await callbacks.queue_for(conn, endpoint, notice)
    await moved(pool, "callback_deliveries", "id", delivery, "next_at", "created_at")
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert await callback_deliveries.due(pool, endpoint, soon, 10) == []
    await callback_deliveries.move_back(pool)
    assert [due.id for due in await callback_deliveries.due(pool, endpoint, soon, 10)] == [delivery]

"""A dispatch knows its time: it begins nothing that could not get its answer, and hands back what it has not begun."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError

from activities.dependencies import open_mails
from activities.dispatching.dispatch import Dispatch
from activities.dispatching.start_window import last_start
from activities.pacing.gateway_slots import GatewaySlots
from domain.keyring import Keyring
from domain.mail.extras import FileRef, MailExtras
from domain.messages.outcomes import GatewayDown, Outcome
from domain.messages.page import ANSWER_SECONDS, CONCURRENCY, RECORD_SECONDS
from domain.messages.page_content import Content
from store.pool import Pool
from tests.activities.pages import OneGateway, OwnGateway, Slow, always, dispatch_environment, new_page

KEYS = Keyring.generate()


def soon(seconds: float = 0.5) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize(("on_its_way", "counted"), [(0.0, 0.0), (4.0, 4.0), (3600.0, 10.0), (-3600.0, 0.0)], ids=str)
async def test_the_time_of_a_dispatch_is_what_the_server_gave_it_less_an_answer(on_its_way, counted):
    """A clock that is wrong by an hour takes no more than the time of a heartbeat."""
    env = dispatch_environment(
        started_time=datetime.now(UTC) - timedelta(seconds=on_its_way),
        start_to_close_timeout=timedelta(seconds=1000),
        heartbeat_timeout=timedelta(seconds=10),
    )
    expected = time.monotonic() + 1000 - ANSWER_SECONDS - RECORD_SECONDS - counted
    assert env.run(last_start) == pytest.approx(expected, abs=1.0)


async def test_what_waits_for_places_comes_back_and_what_is_under_way_is_recorded(pool: Pool):
    page = await new_page(pool, 20)
    page.slots = GatewaySlots(4)
    gateway = Slow()
    running = asyncio.create_task(page.delivery(gateway, closes_at=soon()).run())
    await gateway.until_arrived(4)
    for is_waiting in (True, False):
        async with asyncio.timeout(5):
            while bool(page.slots.in_flight._queue) != is_waiting:
                await asyncio.sleep(0.01)
    gateway.gate.set()
    again = await running
    assert [(more.kind, more.indexes) for more in again] == [("not_started", list(range(4, 20)))]
    assert await page.states() == ["sent"] * 4 + ["queued"] * 16
    assert set(await page.outcomes()) == set(range(4))
    assert page.slots.in_flight.free == 4


async def test_a_dispatch_that_waits_for_others_launching_comes_back(pool: Pool):
    page = await new_page(pool, 3)
    page.slots = GatewaySlots(launchers=1)
    async with page.slots.launching(lambda: False), asyncio.timeout(5):
        again = await page.delivery(OwnGateway(), closes_at=soon(0.1)).run()
    assert [(more.kind, more.indexes) for more in again] == [("not_started", [0, 1, 2])]


async def test_an_email_that_waits_for_room_comes_back(pool: Pool):
    page = await new_page(pool, 3)
    files = (FileRef("00" * 32, 1, "a", "b/c"),)
    page.content = replace(page.content, contents=[Content("Hi", mail=MailExtras(files=files))])
    taken = await page.slots.memory.take(10**9, lambda: False)
    async with asyncio.timeout(5):
        again = await page.delivery(OwnGateway(), closes_at=soon()).run()
    assert [(more.kind, more.indexes) for more in again] == [("not_started", [0, 1, 2])]
    assert await page.outcomes() == {}, "what has not left has no intent"
    page.slots.memory.leave(taken)
    assert await page.deliver(OwnGateway()) == []
    assert await page.states() == ["rejected"] * 3, "the file is not there, and its room is free again"
    async with asyncio.timeout(5):
        assert await page.slots.memory.take(10**9, lambda: False) == taken


async def test_a_message_is_not_begun_when_its_time_went_by_before_it_could_leave(pool: Pool, monkeypatch):
    """Its intent is written, but its process or the database was stopped: nothing has left, so nothing is in doubt."""
    page = await new_page(pool, 3)
    closes_at = soon()
    delivery = page.delivery(OwnGateway(), closes_at=closes_at)
    claim = delivery._attempts.claim

    async def slowly(indexes: list[int], now: float) -> set[int]:
        mine = await claim(indexes, now)
        while time.monotonic() < closes_at:  # the whole process is held up
            pass
        return mine

    monkeypatch.setattr(delivery._attempts, "claim", slowly)
    again = await delivery.run()
    assert [(more.kind, more.indexes) for more in again] == [("not_started", [0, 1, 2])]
    assert await page.outcomes() == {}
    assert page.slots.in_flight.free == CONCURRENCY
    gateway = OwnGateway()
    assert await page.deliver(gateway) == []
    assert gateway.arrived == {0: 1, 1: 1, 2: 1}


async def test_an_intent_that_another_run_judged_is_not_taken_back(pool: Pool, monkeypatch):
    page = await new_page(pool, 2)
    closes_at = soon()
    monkeypatch.setattr("activities.dispatching.attempts.new_run_id", uuid4)  # its process does not say that it lives
    stalled = page.delivery(OwnGateway(), closes_at=closes_at)
    claim = stalled._attempts.claim

    async def meanwhile(indexes: list[int], now: float) -> set[int]:
        mine = await claim(indexes, now)
        await page.take_over(OwnGateway())
        while time.monotonic() < closes_at:
            pass
        return mine

    monkeypatch.setattr(stalled._attempts, "claim", meanwhile)
    assert await stalled.run() == []
    assert await page.states() == ["unknown", "unknown"]


async def test_where_many_wait_for_a_slow_gateway_the_server_keeps_the_next(pool: Pool, monkeypatch):
    monkeypatch.setattr("activities.pacing.gateway_slots.CONCURRENCY", 2)
    monkeypatch.setattr("activities.pacing.gateway_slots.WAITING", 1)
    monkeypatch.setattr("activities.pacing.slots.BEARABLE", 0.2)
    monkeypatch.setattr("activities.pacing.slots.LOOK", 0.05)
    gateway = Slow()
    page = await new_page(pool, 4)
    dispatch = Dispatch(pool, OneGateway(gateway), open_mails(pool, KEYS)).dispatch

    def run(index: int) -> "asyncio.Task":
        return asyncio.create_task(
            dispatch_environment().run(dispatch, page.request(indexes=[index]), page.content.encode())
        )

    first = [run(0), run(1)]
    await gateway.until_arrived(2)
    waiting = [run(2), run(3)]
    async with asyncio.timeout(10):
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    sent_away = next(task for task in waiting if task.done())
    error = sent_away.exception()
    assert isinstance(error, ApplicationError)
    assert 1 <= error.next_retry_delay.total_seconds() <= 60
    assert not error.non_retryable
    gateway.gate.set()
    waiting.remove(sent_away)
    for task in (*first, *waiting):
        assert (await task).again == []
    assert sorted(await page.states()) == ["queued", "sent", "sent", "sent"]


async def test_what_is_under_way_ends_when_the_server_takes_its_dispatch_for_dead(pool: Pool):
    page = await new_page(pool, 100)
    gateway = Slow()
    env = dispatch_environment()
    dispatch = Dispatch(pool, OneGateway(gateway), open_mails(pool, KEYS)).dispatch
    running = asyncio.create_task(env.run(dispatch, page.request(), page.content.encode()))
    await gateway.until_arrived(64)
    env.cancel(ActivityCancellationDetails(timed_out=True))
    await asyncio.sleep(0)
    gateway.gate.set()
    result = await running
    assert [(more.kind, len(more.indexes)) for more in result.again] == [("not_started", 36)]
    assert (await page.states()).count("sent") == 64


@pytest.mark.parametrize("outcome", [GatewayDown("x" * 5000 + "\0"), GatewayDown("\0\udfff")], ids=["long", "odd"])
async def test_what_a_page_hears_of_a_failure_is_short_and_can_be_kept(pool: Pool, outcome: Outcome):
    page = await new_page(pool, 10)
    again = await page.deliver(OwnGateway(always(outcome)))
    assert again
    assert all(len(more.reason) <= 500 and "\0" not in more.reason for more in again)
    assert len(page.slots.last_failure) <= 500
    assert (await page.breaker())[0] == 5

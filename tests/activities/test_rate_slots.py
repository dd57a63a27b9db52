"""Rate slots on the real database: what has passed is gone, what is not used is for others, whatever clocks show."""

import asyncio
import time
from dataclasses import replace

import pytest

from activities.choose_gateway import ChooseGateway
from activities.database_clock import DatabaseClock
from activities.pacing.rate_slots import GRACE, GatewayPace, RateSlots
from activities.pacing.slots import NoSlotFree
from domain.messages.page import DispatchRequest, Retry, Route, RouteRequest
from store.gateways import routing
from store.pool import Pool
from tests.activities.pages import OwnGateway, Page, new_page


def never() -> bool:
    return False


async def rated(pool: Pool, size: int, per_second: float) -> Page:
    page = await new_page(pool, size)
    async with pool.connection() as conn:
        await conn.execute("update gateways set per_second = %s where id = %s", (per_second, page.gateway_id))
    return page


async def choose(page: Page, lane: str = "transactional") -> Route:
    request = RouteRequest(replace(page.header, lane=lane), list(range(page.size)), 1)
    return (await ChooseGateway(page.pool).choose_gateway(request)).routes[0]


async def free_at(page: Page) -> float:
    """When the gateway's next free slot begins."""
    async with page.pool.connection() as conn:
        cursor = await conn.execute(
            "select extract(epoch from free_at)::float8 from gateway_slots where gateway_id = %s", (page.gateway_id,)
        )
        return (await cursor.fetchone())[0]


async def deliver(page: Page, gateway: OwnGateway, route: Route, **more: bool) -> list[Retry]:
    return await page.delivery(gateway, DispatchRequest(page.header, route, 1), **more).run()


def shift(route: Route, seconds: float) -> Route:
    """A route as it looks this much later."""
    return replace(route, slot_at=route.slot_at - seconds)


def most_in_a_second(moments: list[float]) -> int:
    return max(sum(first <= moment < first + 1 for moment in moments) for first in moments)


async def test_pages_that_are_late_together_follow_each_other_at_the_rate(pool: Pool):
    """Their dispatches were held up: each has slots that have passed, of one process or of two."""
    pages = [await new_page(pool, 2) for _ in range(20)]
    gateway_id = pages[0].gateway_id
    routes = []
    for _ in pages:
        slots = await routing.reserve_slots(pool, gateway_id, 2, 20.0)
        routes.append(Route(str(gateway_id), "own", 1, [0, 1], per_second=20.0, slot_at=slots.at))
    pages[0].slots.pace, pages[1].slots.pace = GatewayPace(), GatewayPace()
    for place, other in enumerate(pages):
        other.slots.pace = pages[place % 2].slots.pace
    gateway = OwnGateway()
    late = [shift(route, 3.0) for route in routes]

    async def send(other: Page, route: Route) -> None:
        todo = list(route.indexes)
        while todo:  # as the page's workflow does with what comes back
            again = await deliver(other, gateway, replace(route, indexes=todo))
            assert {more.kind for more in again} <= {"not_started"}
            todo = [index for more in again for index in more.indexes]

    await asyncio.gather(*(send(other, route) for other, route in zip(pages, late, strict=True)))
    assert len(gateway.at) == 40
    assert most_in_a_second(gateway.at) <= 20 * (1 + GRACE) + 1


async def test_a_page_in_time_takes_no_more_slots_than_it_came_with(pool: Pool):
    page = await rated(pool, 5, 20.0)
    route = await choose(page)
    reserved = await free_at(page)
    assert await deliver(page, OwnGateway(), route) == []
    assert await free_at(page) == reserved


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
async def test_a_worker_whose_clock_is_wrong_keeps_the_rate_and_its_slots(pool: Pool, monkeypatch, skew):
    true = time.time
    page = await rated(pool, 5, 20.0)
    monkeypatch.setattr(time, "time", lambda: true() + skew)
    route = await choose(page)
    reserved = await free_at(page)
    gateway = OwnGateway()
    async with asyncio.timeout(10):
        assert await deliver(page, gateway, route) == []
    assert gateway.at[-1] - gateway.at[0] == pytest.approx(4 / 20, abs=0.1)
    assert await free_at(page) == reserved


async def test_a_rerun_takes_slots_of_its_own(pool: Pool):
    """The run before it may be alive, and use what came with the route."""
    page = await rated(pool, 5, 20.0)
    route = await choose(page)
    reserved = await free_at(page)
    assert await deliver(page, OwnGateway(), route, is_rerun=True) == []
    assert await free_at(page) == pytest.approx(reserved + 5 / 20, abs=0.15)


async def test_a_late_page_comes_back_rather_than_wait_long_for_new_slots(pool: Pool):
    page = await rated(pool, 3, 2.0)
    route = shift(await choose(page), 10.0)
    await routing.reserve_slots(pool, page.gateway_id, 100, 2.0)
    reserved = await free_at(page)
    gateway = OwnGateway()
    async with asyncio.timeout(3):
        again = await deliver(page, gateway, route)
    assert [(more.kind, more.indexes) for more in again] == [("not_started", [0, 1, 2])]
    assert not gateway.arrived
    assert await free_at(page) == reserved
    assert await page.outcomes() == {}


@pytest.mark.parametrize("others", [False, True])
async def test_slots_that_are_not_used_are_for_others(pool: Pool, others):
    page = await rated(pool, 50, 10.0)
    route = await choose(page)
    begun = route.slot_at
    if others:
        await routing.reserve_slots(pool, page.gateway_id, 1, 10.0)
    reserved = await free_at(page)
    gateway = OwnGateway()
    delivery = page.delivery(gateway, DispatchRequest(page.header, route, 1), lambda: len(gateway.arrived) >= 5)
    again = await delivery.run()
    assert [more.kind for more in again] == ["not_started"]
    used = page.size - len(again[0].indexes)
    assert used == 5
    assert await free_at(page) == pytest.approx(reserved if others else begun + used / 10.0, abs=0.0001)
    assert set(await page.outcomes()) == set(range(used)), "what did not leave has no intent"


async def test_bulk_takes_slots_slice_by_slice_and_waits_for_them(pool: Pool):
    page = await rated(pool, 6, 4.0)
    route = await choose(page, "bulk")
    assert route.takes_slots
    gateway = OwnGateway()
    assert await deliver(page, gateway, route) == []
    assert gateway.at[-1] - gateway.at[0] == pytest.approx(5 / 4, abs=0.2)


async def test_slots_end_a_wait_that_is_given_up(pool: Pool):
    page = await rated(pool, 1, 1.0)
    route = Route(str(page.gateway_id), "own", 1, [0], per_second=1.0, takes_slots=True)
    await routing.reserve_slots(pool, page.gateway_id, 100, 1.0)
    slots = RateSlots(pool, DatabaseClock(pool), GatewayPace(), route, came_with_route=False)
    until = time.monotonic() + 0.2
    async with asyncio.timeout(5):
        await slots.come_near(never)
        assert await slots.hold(1, 1000.0, lambda: time.monotonic() > until) == 0
    reserved = await free_at(page)
    await slots.give_back()
    assert await free_at(page) == pytest.approx(reserved - 1.0, abs=0.0001)


async def test_bulk_whose_slots_are_too_far_away_comes_again_later(pool: Pool):
    """Given back to its page it would be here again at once."""
    page = await rated(pool, 3, 10.0)
    route = await choose(page, "bulk")
    await routing.reserve_slots(pool, page.gateway_id, 1000, 10.0)
    reserved = await free_at(page)
    delivery = page.delivery(OwnGateway(), DispatchRequest(page.header, route, 1), closes_at=time.monotonic() + 90)
    async with asyncio.timeout(5):
        with pytest.raises(NoSlotFree):
            await delivery.run()
    assert await free_at(page) == reserved
    assert page.slots.in_flight.free == page.slots.in_flight.size


async def test_a_probe_whose_slot_passed_says_nothing_of_its_gateway(pool: Pool, monkeypatch):
    page = await rated(pool, 3, 10.0)
    route = replace(await choose(page), probe=True, suspect=True)
    delivery = page.delivery(gateway := OwnGateway(), DispatchRequest(page.header, route, 1))
    claim = delivery._attempts.claim

    async def slowly_once(indexes: list[int], now: float) -> set[int]:
        monkeypatch.setattr(delivery._attempts, "claim", claim)
        mine = await claim(indexes, now)
        until = time.monotonic() + 2 * GRACE + 0.3
        while time.monotonic() < until:  # the whole process is held up
            pass
        return mine

    monkeypatch.setattr(delivery._attempts, "claim", slowly_once)
    assert await delivery.run() == []
    assert gateway.arrived == {0: 1, 1: 1, 2: 1}
    assert await page.breaker() is None


async def test_a_clock_that_was_set_back_does_not_hold_up_what_leaves_next(pool: Pool):
    page = await rated(pool, 3, 20.0)
    page.slots.pace.next_at = time.time() + 3600
    async with asyncio.timeout(10):
        assert await deliver(page, OwnGateway(), await choose(page)) == []


async def test_a_process_learns_from_the_slots_it_takes_that_the_clock_was_set(pool: Pool):
    page = await rated(pool, 3, 20.0)
    route = Route(str(page.gateway_id), "own", 1, [0, 1, 2], per_second=20.0, takes_slots=True)
    clock = DatabaseClock(pool)
    await clock.adjust()
    for error in (3600.0, -3600.0):
        clock._ahead += error
        slots = RateSlots(pool, clock, GatewayPace(), route, came_with_route=False)
        reserved = time.time()
        async with asyncio.timeout(5):
            assert await slots.hold(3, 1000.0, never) == 3
        await slots.give_back()
        assert await free_at(page) < reserved + 5, "no slots were wasted"
    assert clock.set_back == 1


async def test_slots_in_hand_are_void_once_the_clock_was_set_back(pool: Pool):
    page = await rated(pool, 3, 20.0)
    route = Route(str(page.gateway_id), "own", 1, [0, 1, 2], per_second=20.0, takes_slots=True)
    clock = DatabaseClock(pool)
    slots = RateSlots(pool, clock, GatewayPace(), route, came_with_route=False)
    await slots.come_near(never)
    assert await slots.hold(3, 1000.0, never) == 3
    assert await slots.use_next(never)
    clock.set_back += 1
    assert not await slots.use_next(never)
    assert await slots.hold(2, 1000.0, never) == 2

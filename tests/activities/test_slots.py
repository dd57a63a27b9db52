"""A pool of slots: order, bounds and expected waits."""

import asyncio

import pytest

from activities.pacing.slots import NoSlotFree, SlotPool


def never() -> bool:
    return False


async def test_whoever_wants_several_is_not_passed_by():
    slots = SlotPool(4)
    assert await slots.take(3, never)
    several = asyncio.create_task(slots.take(4, never))
    one = asyncio.create_task(slots.take(1, never))
    await asyncio.sleep(0)
    assert (slots.free, several.done(), one.done()) == (1, False, False)
    slots.give_back(3)
    assert await several
    assert not one.done()
    slots.give_back(4)
    assert await one
    assert slots.free == 3


@pytest.mark.parametrize("how", ["given up", "cancelled"])
async def test_who_stops_waiting_lets_those_behind_pass(monkeypatch, how):
    monkeypatch.setattr("activities.pacing.slots.LOOK", 0.01)
    slots = SlotPool(4)
    is_given_up = False
    assert await slots.take(3, never)
    first = asyncio.create_task(slots.take(2, lambda: is_given_up))
    second = asyncio.create_task(slots.take(1, never))
    await asyncio.sleep(0)
    if how == "cancelled":
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    else:
        is_given_up = True
        assert not await first
    assert await asyncio.wait_for(second, 5)
    assert slots.free == 0


async def test_a_place_that_comes_in_the_moment_of_giving_up_is_not_lost():
    slots = SlotPool(1)
    assert await slots.take(1, never)
    waiting = asyncio.create_task(slots.take(1, never))
    await asyncio.sleep(0)
    slots.give_back()  # granted, but it does not hear of that any more
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert slots.free == 1


async def test_only_so_many_wait_for_long(monkeypatch):
    monkeypatch.setattr("activities.pacing.slots.LOOK", 0.01)
    monkeypatch.setattr("activities.pacing.slots.BEARABLE", 0.2)
    slots = SlotPool(1, waiting=2)
    assert await slots.take(1, never)
    waits = [asyncio.create_task(slots.take(1, never, may_refuse=True)) for _ in range(5)]
    stubborn = asyncio.create_task(slots.take(1, never))
    async with asyncio.timeout(5):
        await asyncio.wait(waits[2:])
    for wait in waits[2:]:
        assert 1.0 <= wait.exception().after <= 60.0
        assert isinstance(wait.exception(), NoSlotFree)
    assert not any(wait.done() for wait in (*waits[:2], stubborn))
    for wait in (*waits[:2], stubborn):
        slots.give_back()
        assert await wait


async def test_where_places_are_held_shortly_all_may_wait(monkeypatch):
    monkeypatch.setattr("activities.pacing.slots.LOOK", 0.01)
    slots = SlotPool(4, waiting=1)

    async def hold() -> None:
        assert await slots.take(1, never, may_refuse=True)
        await asyncio.sleep(0.01)
        slots.give_back()

    async with asyncio.timeout(20):
        await asyncio.gather(*(hold() for _ in range(100)))

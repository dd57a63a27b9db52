"""Outcomes on their way into the record."""

import asyncio
from uuid import UUID

import pytest

from activities.dispatching.outcome_log import OutcomeLog
from activities.pacing.gateway_slots import GatewaySlots
from store.messages.attempts import Attempted


def outcome(number: int) -> Attempted:
    return Attempted(UUID(int=number), 1, "accepted")


def never() -> bool:
    return False


async def test_a_lone_outcome_is_written_at_once_and_neighbours_go_together():
    written: list[int] = []
    done = asyncio.Event()

    async def write(batch: list[Attempted]) -> None:
        written.append(len(batch))
        done.set()

    async with asyncio.timeout(5), OutcomeLog(write, GatewaySlots(10)) as log:
        await log.take_slots(1, never)
        log.add(outcome(0))
        await done.wait()
        assert written == [1]
        for number in range(10):
            await log.take_slots(1, never)
            if number < 9:
                log.add(outcome(number))
    assert written == [1, 9]


async def test_a_place_is_free_again_only_when_its_outcome_is_written():
    gate = asyncio.Event()

    async def write(batch: list[Attempted]) -> None:
        await gate.wait()

    async with OutcomeLog(write, GatewaySlots(1)) as log:
        await log.take_slots(1, never)
        log.add(outcome(0))
        next_slot = asyncio.create_task(log.take_slots(1, never))
        done, _ = await asyncio.wait([next_slot], timeout=0.05)
        assert not done
        gate.set()
        await asyncio.wait_for(next_slot, 5)


async def test_a_write_that_fails_for_good_ends_the_dispatch_instead_of_hanging_it():
    async def write(batch: list[Attempted]) -> None:
        raise ValueError("a bug")

    async def dispatch() -> None:
        async with OutcomeLog(write, GatewaySlots(1)) as log:
            for number in range(3):
                await log.take_slots(1, never)
                log.add(outcome(number))

    with pytest.raises(ValueError, match="a bug"):
        await asyncio.wait_for(dispatch(), 5)


async def test_what_was_added_is_written_also_when_the_dispatch_is_cancelled():
    written: list[int] = []
    added = asyncio.Event()

    async def write(batch: list[Attempted]) -> None:
        await asyncio.sleep(0)
        written.append(len(batch))

    async def dispatch() -> None:
        async with OutcomeLog(write, GatewaySlots(5)) as log:
            for number in range(3):
                await log.take_slots(1, never)
                log.add(outcome(number))
            added.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(dispatch())
    await added.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sum(written) == 3

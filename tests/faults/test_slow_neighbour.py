"""A gateway that hangs, with more messages than a worker has room for, and a healthy one beside it."""

import asyncio
import random

import pytest

from runtime.settings import Settings
from tests.faults.clients import contacts
from tests.faults.sending import post, post_singles, states
from tests.faults.sink import running_sink
from tests.faults.size import SEED
from tests.stack import run_stack

DISPATCHES = 40
PLACES = 4
HANGING = 120


@pytest.fixture
def small_worker(monkeypatch) -> None:
    """A worker with few places, of which no gateway may have them all."""
    monkeypatch.setattr("worker.table.DISPATCHES_AT_A_TIME", DISPATCHES)
    monkeypatch.setattr("activities.pacing.gateway_slots.CONCURRENCY", PLACES)
    monkeypatch.setattr("activities.pacing.gateway_slots.WAITING", PLACES)


async def test_messages_of_a_healthy_gateway_pass_by_those_of_one_that_hangs(settings: Settings, small_worker):
    async with running_sink(SEED, at_least=100) as hanging, running_sink(SEED) as healthy, run_stack(settings) as stack:
        victim, neighbour = await stack.user(HANGING), await stack.user(10)
        await stack.gateway(victim.id, "sms", "http", hanging.config | {"timeout": 3.0}, identifier="sink")
        await stack.gateway(neighbour.id, "sms", "http", healthy.config, identifier="sink")
        await post_singles(stack, victim, HANGING)
        await hanging.reaches(PLACES)
        uids = await post(stack, neighbour, contacts(10, random.Random(SEED)))
        began = asyncio.get_running_loop().time()
        assert set((await states(stack, uids, 30)).values()) == {"sent"}
        assert asyncio.get_running_loop().time() - began < 5


async def test_many_gateways_of_one_owner_that_hang_leave_places_for_others(settings: Settings, small_worker):
    count = DISPATCHES // PLACES
    async with running_sink(SEED, at_least=100) as hanging, running_sink(SEED) as healthy, run_stack(settings) as stack:
        victim, neighbour = await stack.user(4 * DISPATCHES), await stack.user(10)
        for number in range(count):
            config = hanging.config | {"timeout": 12.0}
            await stack.gateway(victim.id, "sms", "http", config, identifier=f"sink-{number}")
        await stack.gateway(neighbour.id, "sms", "http", healthy.config, identifier="sink")
        for _ in range(2 * PLACES):  # each its own page, and so its own dispatch
            items = contacts(count, random.Random(SEED))
            await asyncio.gather(
                *(
                    post(stack, victim, [item | {"gateway_identifier": f"sink-{number}"}])
                    for number, item in enumerate(items)
                )
            )
        await hanging.reaches(DISPATCHES // 2)
        began = asyncio.get_running_loop().time()
        uids = await post(stack, neighbour, contacts(10, random.Random(SEED)))
        assert set((await states(stack, uids, 30)).values()) == {"sent"}
        assert asyncio.get_running_loop().time() - began < 4

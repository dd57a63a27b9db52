"""A gateway that hangs, with more messages than a worker has room for, and a healthy one beside it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from runtime.settings import Settings
from tests.faults.clients import contacts
from tests.faults.sending import post, post_singles, states
from tests.faults.sink import Sink, running_sink
from tests.faults.size import SEED
from tests.stack import run_stack

DISPATCHES = 40
PLACES = 4
HANGING = 60
TIMEOUT = 60.0
"""Seconds for which a place at the gateway that hangs is taken: whoever had to wait for one would be late."""


@asynccontextmanager
async def hanging_sink() -> AsyncIterator[Sink]:
    """A provider that takes messages and does not answer until it is told to."""
    async with running_sink(SEED) as sink:
        sink.answers.clear()
        yield sink


@pytest.fixture
def small_worker(monkeypatch) -> None:
    """A worker with few places, of which no gateway may have them all."""
    monkeypatch.setattr("worker.table.DISPATCHES_AT_A_TIME", DISPATCHES)
    monkeypatch.setattr("activities.pacing.gateway_slots.CONCURRENCY", PLACES)
    monkeypatch.setattr("activities.pacing.gateway_slots.WAITING", PLACES)


async def test_messages_of_a_healthy_gateway_pass_by_those_of_one_that_hangs(settings: Settings, small_worker):
    async with hanging_sink() as hanging, running_sink(SEED) as healthy, run_stack(settings) as stack:
        victim, neighbour = await stack.user(HANGING), await stack.user(10)
        await stack.gateway(victim.id, "sms", "http", hanging.config | {"timeout": TIMEOUT}, identifier="sink")
        await stack.gateway(neighbour.id, "sms", "http", healthy.config, identifier="sink")
        await post_singles(stack, victim, HANGING)
        await hanging.reaches(PLACES)
        uids = await post(stack, neighbour, contacts(10, random.Random(SEED)))
        assert set((await states(stack, uids, TIMEOUT / 2)).values()) == {"sent"}
        hanging.answers.set()


async def test_many_gateways_of_one_owner_that_hang_leave_places_for_others(settings: Settings, small_worker):
    count = DISPATCHES // PLACES
    async with hanging_sink() as hanging, running_sink(SEED) as healthy, run_stack(settings) as stack:
        victim, neighbour = await stack.user(4 * DISPATCHES), await stack.user(10)
        for number in range(count):
            config = hanging.config | {"timeout": TIMEOUT}
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
        uids = await post(stack, neighbour, contacts(10, random.Random(SEED)))
        assert set((await states(stack, uids, TIMEOUT / 2)).values()) == {"sent"}
        hanging.answers.set()

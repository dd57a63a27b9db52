"""The promise of a batch, through `kill -9` of the workers that send it, and of every other part."""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from domain.messages.page import CONCURRENCY
from tests.faults.clients import PersistentClient, contacts, persistent_client
from tests.faults.dev import PARTS, Dev
from tests.faults.promise import batch_ends, check_ledger, check_promise, find, stored
from tests.faults.sink import Sink, running_sink
from tests.faults.size import BATCH, KILLS, MINUTES, SEED
from tests.stack import Stack

SMALL_BATCH = 800 if MINUTES else 600
SMALL_BATCHES = 3
HEALING = 5.0
"""Seconds after a kill in which its batch cannot end yet: a heartbeat is missed after ten."""


async def kill_workers(dev: Dev, stack: Stack, sink: Sink, batch: str, dice: random.Random) -> None:
    """All workers or only the bulk one, each time some messages after the last, or while that is still being healed."""
    for _ in range(KILLS):
        if dice.random() < 0.8:
            await sink.reaches(sink.arrived.total() + dice.randrange(1, BATCH // KILLS))
        else:
            await asyncio.sleep(dice.uniform(0.0, HEALING))
        assert (await find(stack.pool, batch)).state != "completed", "the batch ended before the kills"
        part = dice.choice(("workers", "bulk worker"))
        while not dev.kill(part):  # it has not been restarted yet
            await asyncio.sleep(0.02)


@pytest.mark.fault
async def test_kill_9_of_workers_during_a_batch_loses_and_doubles_nothing(dev: Dev):
    dice = random.Random(SEED)
    async with running_sink(SEED, thinks=0.2) as sink, dev.stack() as stack:
        user = await stack.user(BATCH)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        async with persistent_client(dev.url, user) as client:
            batch = (await client.send(contacts(BATCH, dice))).json()["batch"]
            await kill_workers(dev, stack, sink, batch, dice)
            states = await batch_ends(stack.pool, batch)
        counts = Counter(states.values())
        print(f"seed {SEED}: {KILLS} kills, {dict(counts)}, doubled {sum(n > 1 for n in sink.arrived.values())}")
        check_promise(sink, client.accepted, states)
        assert set(counts) <= {"sent", "unknown"}, "no gateway refused anything"
        assert counts["unknown"] < CONCURRENCY * KILLS
        await check_ledger(dev, user, states.values())


async def send_batch(client: PersistentClient, stack: Stack, dice: random.Random) -> dict[str, str]:
    """A batch, accepted once whatever happens to the answer. Returns the states of its messages by uid."""
    wanted, key = contacts(SMALL_BATCH, dice), str(uuid4())
    accepted = await client.send(wanted, key)
    assert (await client.post(wanted, key)).content == accepted.content
    return await batch_ends(stack.pool, accepted.json()["batch"])


async def kill_all_parts(dev: Dev, dice: random.Random) -> None:
    """Every part once, those first that a request needs to be accepted, the very first in the middle of that."""
    needed = ["api", "temporal", "postgres"]
    others = [part for part in PARTS if part not in needed]
    pause = dice.uniform(0.0, 0.8)
    for part in dice.sample(needed, len(needed)) + dice.sample(others, len(others)):
        await asyncio.sleep(pause)
        while not dev.kill(part):
            await asyncio.sleep(0.02)
        pause = dice.uniform(1.0, 5.0)


@pytest.mark.fault
async def test_kill_9_of_any_part_while_batches_are_accepted_and_sent(dev: Dev):
    dice = random.Random(SEED)
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED, thinks=0.8))
        stack = await open_.enter_async_context(dev.stack())
        users = [await stack.user(SMALL_BATCH) for _ in range(SMALL_BATCHES)]
        shared = [user.id for user in users]
        await stack.gateway(users[0].id, "sms", "http", sink.config, identifier="sink", share_with=shared[1:])
        clients = [await open_.enter_async_context(persistent_client(dev.url, user)) for user in users]
        killing = asyncio.create_task(kill_all_parts(dev, dice))
        sent = await asyncio.gather(*(send_batch(client, stack, dice) for client in clients))
        await killing
        await dev.healthy()
        states = {uid: state for batch in sent for uid, state in batch.items()}
        print(f"seed {SEED}: {dict(Counter(states.values()))}")
        check_promise(sink, [uid for client in clients for uid in client.accepted], states)
        for user, own in zip(users, sent, strict=True):
            assert await stored(stack.pool, user) == (1, SMALL_BATCH), "stored more than once"
            await check_ledger(dev, user, own.values())

"""The promise, through `kill -9` of every process while messages are being sent."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from domain.ids import page_of
from tests.faults.clients import PersistentClient, contacts, persistent_client
from tests.faults.dev import PARTS, Dev
from tests.faults.promise import check_ledger, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED

USERS = 2
CLIENTS_EACH = 4
"""Side by side, so that requests of one contact share pages, those of both users too."""
SIZES = (1,) * 12 + (5, 20)
"""Contacts of a request: mostly one."""
PAUSE = (2.0, 6.0) if MINUTES else (1.0, 4.0)
"""Seconds between two kills."""


async def outcomes(clients: list[PersistentClient], seconds: float) -> dict[str, str]:
    """The last word on all that these clients of a user sent; fails, naming the stuck ones, after `seconds`."""
    ended: dict[str, str] = {}
    stuck: dict[str, dict] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stuck = {}
        for uid in (uid for client in clients for uid in client.accepted if uid not in ended):
            data = await clients[0].status(uid)
            if is_settled(data):
                ended[uid] = data["state"]
            else:
                stuck[uid] = data
        if not stuck:
            return ended
        await asyncio.sleep(0.5)
    raise AssertionError(f"{len(stuck)} messages are stuck, for example {list(stuck.items())[:3]}")


def is_settled(data: dict) -> bool:
    """Whether nothing more is to come: unknown, or ended with its credit captured or released."""
    if data["state"] == "unknown":
        return True
    return data["state"] in ("sent", "rejected", "failed") and data["credit"]["state"] in ("captured", "released")


def pages_of(clients: list[PersistentClient]) -> set[UUID]:
    """All pages on which messages of these clients are."""
    return {page_of(UUID(uid)) for client in clients for uid in client.accepted}


async def send_until(killed: asyncio.Event, client: PersistentClient, dice: random.Random) -> None:
    """One request after the other, for as long as parts are being killed."""
    while not killed.is_set():
        await client.send(contacts(dice.choice(SIZES), dice))
        await asyncio.sleep(dice.uniform(0.0, 0.4))


async def kill_parts(dev: Dev, dice: random.Random) -> None:
    """Every part, in random order at random times."""
    for part in dice.sample(list(PARTS), len(PARTS)):
        await asyncio.sleep(dice.uniform(*PAUSE))
        while not dev.kill(part):  # it has not been restarted yet
            await asyncio.sleep(0.02)


@pytest.mark.fault
async def test_kill_9_of_any_part_loses_and_doubles_nothing(dev: Dev):
    dice = random.Random(SEED)
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED))
        stack = await open_.enter_async_context(dev.stack())
        users = [await stack.user(100_000) for _ in range(USERS)]
        await stack.gateway(users[0].id, "sms", "http", sink.config, identifier="sink", share_with=[users[1].id])
        clients = {
            user.id: [await open_.enter_async_context(persistent_client(dev.url, user)) for _ in range(CLIENTS_EACH)]
            for user in users
        }
        killed = asyncio.Event()
        sending = [asyncio.create_task(send_until(killed, client, dice)) for own in clients.values() for client in own]
        await kill_parts(dev, dice)
        async with asyncio.timeout(60):
            while not pages_of(clients[users[0].id]) & pages_of(clients[users[1].id]):  # so that this is tested, too
                await asyncio.sleep(0.1)
        killed.set()
        await asyncio.gather(*sending)
        await dev.healthy()

        states = {user.id: await outcomes(clients[user.id], seconds=120) for user in users}
        accepted = [uid for own in clients.values() for client in own for uid in client.accepted]
        check_promise(sink, accepted, {uid: state for own in states.values() for uid, state in own.items()})
        for user in users:
            await check_ledger(dev, user, states[user.id].values())
        shared = pages_of(clients[users[0].id]) & pages_of(clients[users[1].id])
        print(f"seed {SEED}: {len(accepted)} messages, {len(shared)} pages shared by both users")

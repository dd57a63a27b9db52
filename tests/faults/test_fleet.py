"""Phones of both protocols, and all parts of the server, are killed, and phones paired again: nothing is lost, nothing
doubled, no cap exceeded."""

import asyncio
import random
from collections import Counter, deque
from uuid import UUID

import pytest

from tests.api.devices.phones import tokens
from tests.faults.clients import PersistentClient, persistent_client
from tests.faults.dev import Dev, running_dev
from tests.faults.fleet import SIMS, Fleet
from tests.faults.promise import asked, check_ledger, check_promise
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User

PHONES = 50 if MINUTES else 10
MESSAGES = 5_000 if MINUTES else 300
KILLED = 10 if MINUTES else 2
RELINKED = 2 if MINUTES else 1
"""With ``FAULT_MINUTES`` all that the promise is of."""
PARTS = ("api", "workers", "postgres", "temporal")
"""Each is killed once while phones send: what a phone has may not depend on any of them."""
EVEN = MESSAGES / (PHONES * SIMS)
PER_MINUTE = 20 if MINUTES else 10
"""Some wait for the next minute, so that there is something left to send while phones are harmed."""
MOST_UNKNOWN = (RELINKED * PER_MINUTE + KILLED) * SIMS
"""All that the phones had which may have forgotten what they sent, and what those that were killed had begun."""
PER_HOUR = int(EVEN * 1.1)
_STATES = "select uid, state from messages where account_id = %s"
ENDED = ("sent", "delivered", "unknown", "failed", "expired")


@pytest.mark.fault
async def test_phones_and_servers_that_die_and_phones_that_are_paired_again_lose_and_double_nothing(tmp_path):
    dice = random.Random(SEED)
    async with running_dev(tmp_path / "data") as dev, dev.stack() as stack:
        user = await stack.user(MESSAGES)
        issued = [one.text for one in await tokens(stack, user, count=PHONES)]
        fleet = Fleet(dev.url, tmp_path / "phones", issued, SEED)
        fleet.start()
        try:
            await _paired(stack, user, fleet)
            async with persistent_client(dev.url, user) as client:
                await _send(client, dice)
                await _harm(dev, stack, user, fleet, dice)
                states = await _ended(stack, user, fleet)
        finally:
            await fleet.stop()
        left = fleet.left()
        print(f"seed {SEED}: {dict(Counter(states.values()))}, {left.arrived.total()} left, {left.by_sim()}")
        check_promise(left, client.accepted, states)
        assert set(states.values()) <= {"sent", "delivered", "unknown"}
        assert Counter(states.values())["unknown"] <= MOST_UNKNOWN
        assert left.busiest(60.0) <= PER_MINUTE
        assert left.busiest(3600.0) <= PER_HOUR
        assert all(abs(count - EVEN) <= max(1.0, EVEN * 0.1) for count in left.by_sim().values())
        assert len(left.by_sim()) == PHONES * SIMS
        await check_ledger(dev, user, states.values())


async def _paired(stack: Stack, user: User, fleet: Fleet) -> None:
    """Wait until all phones are there; then their SIMs get caps."""
    count = """select count(*) from device_sims s join devices d on d.id = s.device_id
               where d.account_id = %s and d.seen_at is not null"""
    async with asyncio.timeout(60):
        while await asked(stack, count, user.id) != [(PHONES * SIMS,)]:
            fleet.check()
            await asyncio.sleep(0.1)
    async with stack.pool.connection() as conn:
        await conn.execute("update device_sims set per_minute = %s, per_hour = %s", (PER_MINUTE, PER_HOUR))


async def _send(client: PersistentClient, dice: random.Random) -> None:
    while len(client.accepted) < MESSAGES:
        numbers = (f"+1415555{dice.randrange(10_000):04d}" for _ in range(min(250, MESSAGES - len(client.accepted))))
        contacts = [{"number": number, "body": "hi", "gateway_identifier": "android"} for number in numbers]
        await client.send(contacts)


async def _harm(dev: Dev, stack: Stack, user: User, fleet: Fleet, dice: random.Random) -> None:
    """Kill phones while they send, with parts of the server in between, and start them again; pair some again."""
    parts = deque(PARTS)
    victims = dice.sample(range(PHONES), KILLED + RELINKED)
    for turn, number in enumerate(victims):
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        if turn % 2:
            async with asyncio.timeout(120):
                await fleet.crash(number, dice.choice(("before-radio", "after-radio")))
        else:
            await fleet.kill(number)
        if turn < KILLED:
            fleet.start(number)
        else:
            (token,) = await tokens(stack, user, device=await _device(stack, user, number))
            fleet.relink(number, token.text)
        if parts:  # early, as long as there is enough left to send
            assert dev.kill(parts.popleft())
            await dev.healthy()
    for part in parts:
        assert dev.kill(part)
        await dev.healthy()


async def _device(stack: Stack, user: User, number: int) -> UUID:
    query = "select id from devices where account_id = %s and name like '%%phone-' || %s"
    async with stack.pool.connection() as conn:
        row = await (await conn.execute(query, (user.id, str(number)))).fetchone()
    assert row is not None
    return row[0]


async def _ended(stack: Stack, user: User, fleet: Fleet) -> dict[str, str]:
    """Wait until every message has ended; of those that a phone was sending when it died the time is over then.

    Returns the states of all by uid.
    """
    async with asyncio.timeout(60 * MINUTES or 240):
        before: set[str] | None = None
        while not (is_open := await _open(stack, user, fleet)) <= fleet.begun() or is_open != before:
            before = is_open
            await asyncio.sleep(2.0)  # a radio answers within a fifth of a second
    async with stack.pool.connection() as conn:  # as if their time were over
        await conn.execute("update device_messages set valid_until = now() - interval '1 day' where state = 'handed'")
    async with asyncio.timeout(120):
        while await _open(stack, user, fleet):
            await asyncio.sleep(0.3)
    return {str(uid): state for uid, state in await asked(stack, _STATES, user.id)}


async def _open(stack: Stack, user: User, fleet: Fleet) -> set[str]:
    """Messages that have not ended."""
    fleet.check()
    rows = await asked(stack, _STATES, user.id)
    if len(rows) < MESSAGES:
        return {"one that is not stored yet"}
    return {str(uid) for uid, state in rows if state not in ENDED}

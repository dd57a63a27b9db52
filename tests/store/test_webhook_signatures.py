"""A signature is good for the event that it came with first, whichever process gets it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from gateways.email.mailgun import RETRY_SECONDS
from gateways.webhooks.webhook import FRESH_SECONDS
from store.gateways.webhook_signatures import SIGNATURE_HOURS, Signatures, delete_older_than
from store.pool import open_pool


async def test_the_first_event_counts_for_all_processes(engine, pool):
    other = await open_pool(engine.database_url, 2, "other")
    here, there = Signatures(pool), Signatures(other)
    signature = uuid4().bytes
    assert await here.is_first_event_of(signature, b"event")
    assert await there.is_first_event_of(signature, b"event")
    assert not await there.is_first_event_of(signature, b"another")
    assert not await here.is_first_event_of(signature, b"another")
    assert await here.is_first_event_of(uuid4().bytes, b"another")
    await other.close()


async def test_of_many_at_once_one_is_first(pool):
    signature, memory = uuid4().bytes, Signatures(pool)
    answers = await asyncio.gather(*(memory.is_first_event_of(signature, str(n % 10).encode()) for n in range(40)))
    assert sum(answers) == 4
    assert len({n % 10 for n, answer in enumerate(answers) if answer}) == 1


async def test_old_ones_are_forgotten_when_nobody_takes_them_for_fresh(pool):
    assert 2 * (RETRY_SECONDS + FRESH_SECONDS) < SIGNATURE_HOURS * 3600
    old, young = uuid4().bytes, uuid4().bytes
    for signature in (old, young):
        await Signatures(pool).is_first_event_of(signature, b"event")
    async with pool.connection() as conn:
        await conn.execute(
            "update webhook_signatures set seen_at = seen_at - %s where signature = %s",
            (timedelta(hours=SIGNATURE_HOURS, minutes=1), old),
        )
    await delete_older_than(pool, SIGNATURE_HOURS)
    assert not await Signatures(pool).is_first_event_of(young, b"another")
    assert await Signatures(pool).is_first_event_of(old, b"another")

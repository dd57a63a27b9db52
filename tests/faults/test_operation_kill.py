"""Long operations through `kill -9` of the worker that does them: each item is done once."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.accounts.bulk import MOST_ITEMS
from store.accounts import credits
from tests.api.admin import admin
from tests.api.batches import send_batch, wallet
from tests.api.operations import ended, until
from tests.api.test_cancelled_waiting import STOPPED, ends
from tests.faults.dev import Dev
from tests.faults.sink import running_sink
from tests.faults.size import SEED

KILLS = 3


@pytest.mark.fault
async def test_kill_9_of_the_worker_in_the_middle_does_each_item_once(dev: Dev):
    dice = random.Random(SEED)
    async with dev.stack() as stack:
        staff, users = await admin(stack), [await stack.user(credit=0) for _ in range(5)]
        items = [
            {"action": "credits", "user": users[number % 5].id, "channel": "sms", "amount": 1, "reason": str(number)}
            for number in range(MOST_ITEMS)
        ]
        outcome = await staff.data("POST", "/users/bulk", {"items": items}, Idempotency_Key=uuid4().hex)
        operation = outcome["operation"]["id"]
        for kill in range(KILLS):
            part = MOST_ITEMS // (KILLS + 1) * (kill + 1)
            found = await until(stack.pool, operation, lambda found, part=part: found.done >= part, 60)
            assert found.state == "running", "it ended before the kills"
            await asyncio.sleep(dice.uniform(0.0, 0.05))
            while not dev.kill("bulk worker"):
                await asyncio.sleep(0.02)
        done = await ended(stack.pool, operation, 120)
        assert (done.state, done.done, done.failed) == ("done", MOST_ITEMS, 0)
        assert done.result is not None
        assert [result["item"] for result in done.result["results"]] == list(range(MOST_ITEMS))
        for user in users:
            assert (await credits.show(stack.pool, user.id))["sms"].available == MOST_ITEMS // 5
        assert await credits.audit(stack.pool) == []
        async with stack.pool.connection() as conn:
            query = "select count(*) from audit_events where action = 'user.credits_moved' and target = any(%s)"
            row = await (await conn.execute(query, ([f"user:{user.id}" for user in users],))).fetchone()
        assert row == (MOST_ITEMS,), "an event for each item"


@pytest.mark.fault
async def test_kill_9_while_waiting_messages_are_cancelled_releases_each_credit_once(dev: Dev):
    dice = random.Random(SEED)
    async with running_sink(SEED, thinks=0.2) as sink, dev.stack() as stack:
        staff, user = await admin(stack), await stack.user(credit=6000)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink", per_second=40.0)
        due = (datetime.now(UTC) + timedelta(days=9)).isoformat()
        for _ in range(4):
            answer = await stack.send(
                user, "sms", *[{"number": "+14155550123", "body": "Hi", "schedule_at": due}] * 500
            )
            assert answer.status_code == 200
        await send_batch(stack, user, 2000)
        await sink.reaches(20)
        operation = (await staff.data("POST", f"/users/{user.id}/suspend"))["operation"]
        for part, kill in (("workers", 0), ("bulk worker", 1), ("bulk worker", 501), ("workers", 1501)):
            await until(
                stack.pool, operation, lambda found, kill=kill: found.done >= kill or found.state == "done", 120
            )
            await asyncio.sleep(dice.uniform(0.0, 0.05))
            while not dev.kill(part):
                await asyncio.sleep(0.02)
        done = await ended(stack.pool, operation, 180)
        assert done.state == "done"
        async with asyncio.timeout(240):  # what was being handed over at a kill becomes known as unknown
            while open_ := {state for state, _ in await ends(stack, user)} & {"scheduled", "queued", "processing"}:
                await asyncio.sleep(0.2)
        assert not open_
        counts = await ends(stack, user)
        print(f"seed {SEED}: {dict(counts)}, cancelled by the operation: {done.done}")
        assert sum(counts.values()) == 4000
        assert {state for state, _ in counts} <= {"sent", "cancelled", "unknown"}
        unknown = sum(count for (state, _), count in counts.items() if state == "unknown")
        assert counts[STOPPED] >= 3000
        assert await wallet(stack, user) == (6000 - counts["sent", None] - unknown, unknown, counts["sent", None])
        assert await credits.audit(stack.pool) == []
        assert max(sink.arrived.values()) == 1

"""Long operations through `kill -9` of the worker that does them: each item is done once."""

import asyncio
import random
from uuid import uuid4

import pytest

from services.accounts.bulk import MOST_ITEMS
from store.accounts import credits
from tests.api.admin import admin
from tests.api.operations import ended, until
from tests.faults.dev import running_dev
from tests.faults.size import SEED

KILLS = 3


@pytest.mark.fault
async def test_kill_9_of_the_worker_in_the_middle_does_each_item_once(tmp_path):
    dice = random.Random(SEED)
    async with running_dev(tmp_path / "data") as dev, dev.stack() as stack:
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
            query = "select count(*) from audit_events where action = 'user.credits_moved'"
            row = await (await conn.execute(query)).fetchone()
        assert row == (MOST_ITEMS,), "an event for each item"

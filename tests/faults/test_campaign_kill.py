"""A campaign with a test through `kill -9` of workers and PostgreSQL: each of its people gets one message."""

import asyncio
import random
from collections import Counter
from uuid import UUID, uuid4

import pytest

from domain.audience.contacts.contact import new_contact_id
from domain.messages.page import CONCURRENCY
from tests.api.campaigns.campaigns import ENDED, call, data, launched, template
from tests.api.test_narrowed_keys import key_with
from tests.faults.dev import Dev
from tests.faults.promise import asked, check_ledger, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User

PEOPLE = 12_000 if MINUTES else 2_400
KILLED = ("bulk worker", "postgres", "bulk worker", "bulk worker", "postgres")
"""Right after the launch, among the slices, while it waits for the decision, at the decision, among the rest."""
VARIANTS = [{"key": "a", "template": "a"}, {"key": "b", "template": "b"}]


@pytest.mark.fault
async def test_kill_9_during_a_campaign_loses_nobody_and_sends_to_nobody_twice(dev: Dev):
    dice = random.Random(SEED)
    async with running_sink(SEED, thinks=0.02 if MINUTES else 0.2) as sink, dev.stack() as stack:
        user = await key_with(stack, await stack.user(PEOPLE), "contacts", "templates", "send", "read")
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        ids = await _people(stack, user)
        for key in ("a", "b"):
            await template(stack, user, key, sms={"en": {"message": key}})
        campaign = await launched(
            stack,
            user,
            template=None,
            variants=VARIANTS,
            goal={"event": "bought", "within": "1d"},
            test={"percent": 50, "by": "goal", "after": "45s" if MINUTES else "30s"},
        )
        await _kill(dev, KILLED[0], dice)
        await sink.reaches(PEOPLE // 4)
        await _buy(stack, user, campaign, ids)
        await _kill(dev, KILLED[1], dice)
        await _reaches(stack, user, campaign, "testing", "completed")  # if that was over before it was seen
        await _kill(dev, KILLED[2], dice)
        await asyncio.sleep(dice.uniform(5.0, 12.0))
        await _kill(dev, KILLED[3], dice)
        await sink.reaches(PEOPLE * 3 // 4)
        await _kill(dev, KILLED[4], dice)
        await _reaches(stack, user, campaign, "completed")
        rows = await asked(stack, "select uid, recipient, state from messages where account_id = %s", user.id)
        states = {str(uid): state for uid, _, state in rows}
        print(f"seed {SEED}: {dict(Counter(states.values()))}, doubled {sum(n > 1 for n in sink.arrived.values())}")
        assert len(rows) == len({recipient for _, recipient, _ in rows}) == PEOPLE
        check_promise(sink, list(states), states)
        counts = Counter(states.values())
        assert set(counts) <= {"sent", "unknown"}
        assert counts["unknown"] < CONCURRENCY * len(KILLED)
        await check_ledger(dev, user, states.values())
        found = await data(stack, user, "GET", f"/{campaign}/results")
        assert found["winner"] == "a", "only they bought something"
        assert sum(one["people"] for one in found["variants"]) == PEOPLE
        (run,) = (await call(stack, user, "GET", f"/{campaign}/runs")).json()["data"]
        assert (run["people"], run["state"]) == (PEOPLE, "completed")


async def _people(stack: Stack, user: User) -> list[UUID]:
    ids = [new_contact_id() for _ in range(PEOPLE)]
    async with (
        stack.pool.connection() as conn,
        conn.cursor().copy("copy contacts (id, account_id, phone, tags) from stdin") as copy,
    ):
        for n, contact in enumerate(ids):
            await copy.write_row((contact, user.id, f"+1415{5_550_000 + n}", ["spring"]))
    return ids


async def _buy(stack: Stack, user: User, campaign: str, ids: list[UUID]) -> None:
    """Those who get the variant ``a`` reach the goal."""
    rows = await asked(
        stack,
        """select p.contact_id from campaign_people p join campaign_runs r on r.id = p.run_id
           where r.campaign_id = %s and p.part = 1""",
        campaign,
    )
    assert {contact for (contact,) in rows} < set(ids)
    async with (
        stack.pool.connection() as conn,
        conn.cursor().copy("copy contact_events (account_id, contact_id, name, at, source) from stdin") as copy,
    ):
        for (contact,) in rows:
            await copy.write_row((user.id, contact, "bought", "now", uuid4()))


async def _kill(dev: Dev, part: str, dice: random.Random) -> None:
    await asyncio.sleep(dice.uniform(0.0, 1.0))
    while not dev.kill(part):
        await asyncio.sleep(0.02)


async def _reaches(stack: Stack, user: User, campaign: str, *states: str) -> None:
    async with asyncio.timeout(240):
        while True:
            answer = await call(stack, user, "GET", f"/{campaign}")
            if answer.status_code == 200:
                found = answer.json()["data"]["state"]
                if found in states:
                    return
                assert found not in ENDED, answer.text
            await asyncio.sleep(0.1)

"""Contacts inside an automation through `kill -9` of every part: each gets each message once, and no event is lost."""

import asyncio
import random
from collections import Counter

import pytest
from psycopg import OperationalError

from domain.audience.contacts.contact import new_contact_id
from domain.messages.page import CONCURRENCY
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from tests.api.automations.automations import flow, published, sms
from tests.api.test_narrowed_keys import key_with
from tests.faults.dev import Dev
from tests.faults.promise import asked, check_ledger, check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User

PEOPLE = 500 if MINUTES else 120
KILLED = ("bulk worker", "postgres", "api", "temporal", "bulk worker", "postgres")
STEPS = flow(
    {"id": "one", **sms("one")},
    {"id": "pause", "kind": "wait", "for": "8s"},
    {"id": "two", **sms("two")},
    {
        "id": "paid",
        "kind": "wait_event",
        "event": "order.paid",
        "since": "entry",
        "timeout": "1h",
        "then": [{"id": "three", **sms("three")}],
        "else": [{"id": "never", **sms("never")}],
    },
    trigger={"kind": "event", "event": "order.placed"},
)


@pytest.mark.fault
async def test_kill_9_of_every_part_has_each_contact_get_each_message_once_and_in_order(dev: Dev):
    dice = random.Random(SEED)
    async with running_sink(SEED, thinks=0.02) as sink, dev.stack() as stack:
        user = await key_with(stack, await stack.user(3 * PEOPLE), "contacts", "templates", "send", "read")
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        await published(stack, user, STEPS)
        people = await _people(stack, user)
        await _happens(stack, user, "order.placed", people)
        paid = asyncio.create_task(_pay(stack, user, people, dice))
        for part in KILLED:
            await asyncio.sleep(dice.uniform(1.0, 4.0))
            await _kill(dev, part)
        await paid
        await _ended(stack, user)
        rows = await asked(stack, "select uid, state from messages where account_id = %s", user.id)
        states = {str(uid): state for uid, state in rows}
        print(f"seed {SEED}: {dict(Counter(states.values()))}, doubled {sum(n > 1 for n in sink.arrived.values())}")
        check_promise(sink, list(states), states)
        assert set(states.values()) <= {"sent", "unknown"}
        assert Counter(states.values())["unknown"] < CONCURRENCY * len(KILLED)
        runs = await asked(stack, "select state, reason from automation_runs where account_id = %s", user.id)
        assert Counter(runs) == {("completed", "completed"): PEOPLE}
        sends = await asked(
            stack,
            """select array_agg(s.step order by s.uid) = array['one', 'two', 'three'], count(distinct s.uid)
               from automation_sends s join automation_runs r on r.id = s.run_id
               where r.account_id = %s group by r.id""",
            user.id,
        )
        assert Counter(sends) == {(True, 3): PEOPLE}, "each message once, in the order of the steps"
        assert len(states) == 3 * PEOPLE
        await check_ledger(dev, user, states.values())


async def _people(stack: Stack, user: User) -> list:
    ids = [new_contact_id() for _ in range(PEOPLE)]
    async with (
        stack.pool.connection() as conn,
        conn.cursor().copy("copy contacts (id, account_id, phone) from stdin") as copy,
    ):
        for n, contact in enumerate(ids):
            await copy.write_row((contact, user.id, f"+1415{5_550_000 + n}"))
    return ids


async def _pay(stack: Stack, user: User, people: list, dice: random.Random) -> None:
    """All of them, some before they wait for it, some while they do."""
    rest = dice.sample(people, len(people))
    while rest:
        await asyncio.sleep(dice.uniform(0.1, 0.5))
        await _happens(stack, user, "order.paid", rest[: PEOPLE // 20])
        rest = rest[PEOPLE // 20 :]


async def _happens(stack: Stack, user: User, name: str, people: list) -> None:
    [(now,)] = await asked(stack, "select clock_timestamp() + %s * interval '0 s'", 0)
    events = [ContactEvent(contact, name, now, new_contact_id()) for contact in people]
    async with asyncio.timeout(60):
        while True:
            try:
                await recording.add(stack.pool, user.id, events)
            except OperationalError:
                await asyncio.sleep(0.2)
            else:
                return


async def _ended(stack: Stack, user: User) -> None:
    """Wait until every run has ended and every message, too."""
    async with asyncio.timeout(240):
        while True:
            [(runs, waiting, made, messages)] = await asked(
                stack,
                """select (select count(*) from automation_runs where account_id = a.id and ended_at is not null),
                          (select count(*) from automation_outbox where account_id = a.id),
                          (select count(*) from messages where account_id = a.id),
                          (select count(*) from messages where account_id = a.id and state in ('sent', 'unknown'))
                   from accounts a where a.id = %s""",
                user.id,
            )
            if runs == PEOPLE and waiting == 0 and made == messages:
                return
            await asyncio.sleep(0.3)


async def _kill(dev: Dev, part: str) -> None:
    while not dev.kill(part):
        await asyncio.sleep(0.02)

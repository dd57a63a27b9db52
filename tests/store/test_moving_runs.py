"""Thousands of contacts that move to another version: in parts, and again after a kill."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.audience.contacts.contact import new_contact_id
from services.automations.publishing.looking import look_at_published
from store.automations import automations, runs
from store.automations.automations import Version
from store.automations.publishing import looks, people
from store.automations.runs import Run
from store.pool import Pool
from tests.domain.automations.flows import flow, send, wait
from tests.store.builders import new_account

NOW = datetime.now(UTC).replace(microsecond=0)
PEOPLE = 1_200


@pytest.fixture
def pool(fresh_pool: Pool) -> Pool:
    """A database without a worker, which would move them first."""
    return fresh_pool


async def published(pool: Pool, *steps: dict[str, Any]) -> UUID:
    account = await new_account(pool)
    definition = flow(*steps)
    made = await automations.add(pool, new_contact_id(), account, definition)
    await automations.publish(pool, made.id, Version(1, 1, definition, "", {}, NOW))
    begun = [
        Run(new_contact_id(), made.id, account, new_contact_id(), 1, str(n), "manual", {}, {"kept": n}, NOW)
        for n in range(PEOPLE)
    ]
    await runs.add(pool, begun)
    async with pool.connection() as conn:
        await conn.execute(
            """update automation_runs set state = 'waiting',
                   step = case when entry_key::integer < 10 then 'b' else 'a' end, since = entered_at,
                   until = entered_at + interval '30 days' where automation_id = %s""",
            (made.id,),
        )
    return made.id


async def migrated(pool: Pool, automation_id: UUID, number: int, *steps: dict[str, Any], **more: Any) -> None:
    definition = flow(*steps, **more)
    await automations.publish(pool, automation_id, Version(number, 1, definition, "", {}, NOW, "migrate"))
    await looks.ask(pool, automation_id, [])


async def found(pool: Pool, automation_id: UUID) -> dict[tuple[int, str | None], int]:
    counted: dict[tuple[int, str | None], int] = {}
    for one in await people.standing(pool, automation_id):
        counted[one.version, one.step] = counted.get((one.version, one.step), 0) + one.people
    return counted


async def test_those_who_wait_on_as_they_did_are_carried_over_and_others_are_due(pool: Pool, monkeypatch):
    of = await published(pool, wait("a", "30d"), wait("b", "30d"), send("c"))
    await migrated(pool, of, 2, wait("a", "30d"), wait("b", "20d"), send("c"), vars={"code": "x", "kept": -1})
    carry, calls = looks.carry, []

    async def dies(*given: Any) -> None:
        if len(calls) == 1:
            raise ConnectionResetError
        calls.append(given)
        await carry(*given)

    monkeypatch.setattr(looks, "carry", dies)
    with pytest.raises(ConnectionResetError):
        await look_at_published(pool)
    assert await found(pool, of) == {(1, "a"): PEOPLE - 510, (1, "b"): 10, (2, "a"): 500}
    monkeypatch.setattr(looks, "carry", carry)
    await look_at_published(pool)
    assert await found(pool, of) == {(1, "b"): 10, (2, "a"): PEOPLE - 10}
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select step, count(*), bool_and(until > now()), bool_and(until = since + interval '30 days'),
                      bool_and(vars = jsonb_build_object('kept', entry_key::integer)
                               || case when step = 'a' then '{"code": "x"}' else '{}'::jsonb end)
               from automation_runs where automation_id = %s group by 1 order by 1""",
            (of,),
        )
        assert await cursor.fetchall() == [("a", PEOPLE - 10, True, True, True), ("b", 10, False, False, True)]
    assert await looks.first(pool) is None


async def test_those_whose_events_change_are_looked_at(pool: Pool):
    of = await published(pool, wait("a", "30d"), wait("b", "30d"), send("c"))
    await migrated(pool, of, 2, wait("a", "30d"), wait("b", "30d"), send("c"), exit=[{"event": "order.paid"}])
    await look_at_published(pool)
    assert await found(pool, of) == {(1, "b"): 10, (1, "a"): PEOPLE - 10}
    assert {one.hours for one in await people.standing(pool, of)} == {None}, "all are due"


async def test_those_who_wait_on_are_carried_through_all_versions_that_follow(pool: Pool):
    of = await published(pool, wait("a", "30d"), wait("b", "30d"), send("c"))
    await migrated(pool, of, 2, wait("a", "30d"), send("c"))
    await migrated(pool, of, 3, wait("a", "30d"), send("d"))
    await look_at_published(pool)
    assert await found(pool, of) == {(1, "b"): 10, (3, "a"): PEOPLE - 10}


async def test_what_is_asked_for_while_it_is_done_is_done_again(pool: Pool):
    of = await published(pool, wait("a", "30d"), wait("b", "30d"), send("c"))
    await looks.ask(pool, of, ["b"])
    before = await looks.first(pool)
    assert before is not None
    await looks.ask(pool, of, ["c"])
    await looks.done(pool, before)
    after = await looks.first(pool)
    assert after is not None
    assert sorted(after.steps or []) == ["b", "c"]
    await look_at_published(pool)
    waits = {one.step: one.hours for one in await people.standing(pool, of)}
    assert waits["b"] is None
    assert waits["a"] is not None
    assert timedelta(hours=waits["a"]) >= timedelta(days=29)

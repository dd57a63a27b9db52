"""How fast leads are answered: by the first message that went out, whatever sent it."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from domain.ids import message_uid, new_page_id
from services.leads.speed import measure, note_replies
from store.leads.sources import Source
from store.pool import Pool
from tests.leads_made import new_lead, new_source
from tests.store.builders import new_account

NOW = datetime.now(UTC)
"""Of the test that runs: ``of_now``."""


@pytest.fixture(autouse=True)
def of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run long after this file is read."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


async def write(pool: Pool, statement: str, *values: object) -> None:
    async with pool.connection() as conn:
        await conn.execute(statement.encode(), values)


async def message(pool: Pool, sent: datetime | None, outcome: str = "accepted", fallback: UUID | None = None) -> UUID:
    """A message with one attempt, which ended then; ``None``: it has not begun."""
    uid = message_uid(new_page_id(), 0)
    await write(
        pool,
        """insert into messages (uid, account_id, channel, recipient, state, price, credit, fallback_uid)
           values (%s, 1, 'sms', '+1', 'queued', 0, 'free', %s)""",
        uid,
        fallback,
    )
    if sent:
        await write(
            pool,
            """insert into attempts (uid, attempt, gateway_id, run_id, outcome, ended_at)
               values (%s, 1, %s, %s, %s, %s)""",
            *(uid, uuid4(), uuid4(), outcome, sent),
        )
    return uid


async def run(pool: Pool, account: int, *uids: UUID | None) -> str:
    """A run of an automation that has made these messages."""
    automation, run_id = uuid4(), uuid4()
    await write(
        pool,
        "insert into automations (id, account_id, key, name) values (%s, %s, %s, 'x')",
        *(automation, account, str(automation)),
    )
    await write(
        pool,
        """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger, event,
                                        vars)
           values (%s, %s, %s, %s, 1, '', 'lead', '{}', '{}')""",
        *(run_id, automation, account, uuid4()),
    )
    for number, uid in enumerate(uids):
        await write(
            pool,
            "insert into automation_sends (run_id, number, step, at, uid) values (%s, %s, 's', now(), %s)",
            *(run_id, number, uid),
        )
    return str(run_id)


async def answered_at(pool: Pool, lead: UUID) -> datetime | None:
    await note_replies(pool)
    async with pool.connection() as conn:
        row = await (await conn.execute("select first_reply_at from leads where id = %s", (lead,))).fetchone()
    assert row is not None
    at: datetime | None = row[0]
    return at


async def lead_of(pool: Pool, source: Source, *runs: str, reply: UUID | None = None, **columns: Any) -> UUID:
    return await new_lead(pool, source, reply_uid=reply, answered=Jsonb({"runs": list(runs)}), **columns)


@pytest.fixture
async def source(empty: Pool) -> Source:
    return await new_source(empty, await new_account(empty))


async def test_the_reply_or_the_first_message_of_a_run_answers(empty: Pool, source: Source):
    reply = await message(empty, before(5))
    assert await answered_at(empty, await lead_of(empty, source, reply=reply)) == before(5)
    later, first = await message(empty, before(3)), await message(empty, before(7))
    of_runs = [await run(empty, source.account_id, None, later), await run(empty, source.account_id, first)]
    assert await answered_at(empty, await lead_of(empty, source, *of_runs)) == before(7)


async def test_what_was_refused_answers_nobody_but_its_fallback_does(empty: Pool, source: Source):
    last = await message(empty, before(2))
    second = await message(empty, before(4), "refused", fallback=last)
    first = await message(empty, before(6), "refused", fallback=second)
    assert await answered_at(empty, await lead_of(empty, source, reply=first)) == before(2)
    refused = await message(empty, before(6), "refused")
    assert await answered_at(empty, await lead_of(empty, source, reply=refused)) is None


async def test_a_message_that_goes_out_later_is_found_later(empty: Pool, source: Source):
    uid = await message(empty, None)
    lead = await lead_of(empty, source, reply=uid)
    assert await answered_at(empty, lead) is None
    await write(
        empty,
        """insert into attempts (uid, attempt, gateway_id, run_id, outcome, ended_at)
           values (%s, 1, %s, %s, 'accepted', %s)""",
        *(uid, uuid4(), uuid4(), before(1)),
    )
    assert await answered_at(empty, lead) is None, "its next look is in seconds"
    await write(empty, "update leads set reply_look_at = clock_timestamp()")
    assert await answered_at(empty, lead) == before(1)


@pytest.mark.parametrize(("age", "looks_in"), [(2, 3), (3600, 720), (6 * 86_400, 86_400 * 1.2)])
async def test_the_older_a_lead_the_later_the_next_look(empty: Pool, source: Source, age: float, looks_in: float):
    lead = await lead_of(empty, source, received_at=before(age))
    assert await answered_at(empty, lead) is None
    found = await next_look(empty)
    assert found is not None
    assert 0.9 * looks_in < found < 1.2 * looks_in + 60


async def test_nobody_looks_at_leads_that_are_older_than_a_week(empty: Pool, source: Source):
    await answered_at(empty, await lead_of(empty, source, received_at=before(8 * 86_400)))
    assert await next_look(empty) is None


async def next_look(pool: Pool) -> float | None:
    """Seconds until then."""
    async with pool.connection() as conn:
        row = await (
            await conn.execute("select extract(epoch from reply_look_at - clock_timestamp())::float8 from leads")
        ).fetchone()
    assert row is not None
    seconds: float | None = row[0]
    return seconds


async def test_figures_are_of_leads_that_came_by_themselves_since_then(empty: Pool, source: Source):
    made: list[tuple[float, dict[str, Any]]] = [
        (10, {}),
        (20, {"created_time": before(130)}),
        (60, {}),
        (9000, {"via": "backfill"}),
        (9000, {"via": "import"}),
        (9000, {"state": "test"}),
    ]
    for seconds, columns in made:
        given = {"via": "webhook", "received_at": before(100), "state": "done"} | columns
        start = given.get("created_time", given["received_at"])
        await new_lead(empty, source, **given, first_reply_at=start + timedelta(seconds=seconds))
    await new_lead(empty, source, "webhook", state="parked")
    old = {"received_at": before(8 * 86_400), "first_reply_at": before(8 * 86_400 - 1)}
    await new_lead(empty, source, "webhook", **old)
    await new_lead(empty, await new_source(empty, source.account_id), "webhook", first_reply_at=NOW)
    found = await measure(empty, source.id, 7)
    assert (found.speed.leads, found.speed.answered) == (4, 3)
    assert found.speed.median_seconds == pytest.approx(20)
    assert found.speed.p95_seconds == pytest.approx(56)
    assert found.states == {"done": 5, "parked": 1, "test": 1}


async def test_a_source_without_leads_has_no_figures(empty: Pool, source: Source):
    found = await measure(empty, source.id, 7)
    assert (found.speed.leads, found.speed.median_seconds, found.states) == (0, None, {})

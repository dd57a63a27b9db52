"""Alarms of sources: before a token ends, and when leads stay away; each is raised once."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.leads.alarms import raise_alarms
from store.leads import sources
from store.leads.sources import Source
from store.pool import Pool
from tests.leads_made import again, new_lead, new_source
from tests.store.builders import new_account

NOW = datetime.now(UTC)
"""Of the test that runs: ``of_now``."""
MINUTES = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run long after this file is read."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


async def change(pool: Pool, source: Source, **columns: Any) -> None:
    async with pool.connection() as conn:
        for name, value in columns.items():
            await conn.execute(f"update lead_sources set {name} = %s where id = %s".encode(), (value, source.id))


async def subjects(pool: Pool) -> list[str]:
    """What was told since it was asked last, after several processes have raised alarms."""
    await asyncio.gather(*(raise_alarms(pool) for _ in range(2)))
    async with pool.connection() as conn:
        rows = await (await conn.execute("delete from automation_notices returning subject")).fetchall()
    return sorted(subject for (subject,) in rows)


async def ends_in(pool: Pool, source: Source, **until: float) -> list[str]:
    await change(pool, source, token_until=NOW + timedelta(minutes=10, **until))
    return await subjects(pool)


async def passes(pool: Pool, source: Source, days: float) -> list[str]:
    """As if so many days had passed for a token."""
    async with pool.connection() as conn:
        await conn.execute(
            """update lead_sources set token_until = token_until - %(by)s,
                      told = jsonb_set(told, '{token,until}',
                                       to_jsonb((told #>> '{token,until}')::numeric - extract(epoch from %(by)s)))
               where id = %(id)s""",
            {"by": timedelta(days=days), "id": source.id},
        )
    return await subjects(pool)


async def test_the_end_of_a_token_is_told_14_7_and_1_days_before_each_once(empty: Pool):
    source = await new_source(empty, await new_account(empty), "meta")
    assert await ends_in(empty, source, days=15) == []
    assert await ends_in(empty, source, days=13) == ["The token ends in 13 days: Spring Fair"]
    assert await subjects(empty) == []
    assert await passes(empty, source, 5) == []
    assert await passes(empty, source, 2) == ["The token ends in 6 days: Spring Fair"]
    assert await passes(empty, source, 5.5) == ["The token ends in 12 hours: Spring Fair"]
    assert await passes(empty, source, 1) == [], "that it has ended is told when it parks the source"


async def test_another_token_is_told_of_again(empty: Pool):
    source = await new_source(empty, await new_account(empty), "meta")
    assert len(await ends_in(empty, source, days=6)) == 1
    await sources.set_credentials(empty, source.id, b"new")
    assert await subjects(empty) == [], "nobody knows when it ends"
    assert len(await ends_in(empty, source, days=13)) == 1


async def test_a_token_that_has_ended_unnoticed_is_told_of(empty: Pool):
    source = await new_source(empty, await new_account(empty), "meta")
    assert await ends_in(empty, source, days=-3) == ["The token has ended: Spring Fair"]
    assert await subjects(empty) == []


async def test_disabled_sources_raise_no_alarm(empty: Pool):
    source = await habitual(empty, 40 * MINUTES, silent_for=9 * 60 * MINUTES, state="disabled")
    assert await ends_in(empty, source, days=1) == []


async def habitual(
    pool: Pool, gap: timedelta, *, silent_for: timedelta, leads: int = 20, via: str = "webhook", **columns: Any
) -> Source:
    """A source that got a lead each ``gap``, and none for so long."""
    source = await new_source(pool, await new_account(pool), "meta")
    for place in range(leads):
        await new_lead(pool, source, via, received_at=NOW - silent_for - (leads - 1 - place) * gap)
    await change(pool, source, silence_at=NOW, **columns)
    return source


async def due_now(pool: Pool, source: Source) -> list[str]:
    await change(pool, source, silence_at=NOW)
    return await subjects(pool)


async def test_silence_is_told_once_in_words_of_its_habit(empty: Pool):
    source = await habitual(empty, 40 * MINUTES, silent_for=9 * 60 * MINUTES)
    await asyncio.gather(*(raise_alarms(empty) for _ in range(3)))
    async with empty.connection() as conn:
        rows = await (await conn.execute("select subject, message from automation_notices")).fetchall()
    [(subject, message)] = rows
    assert subject == "No lead for 9 hours: Spring Fair"
    assert "No lead came from the source 'Spring Fair' for 9 hours; usually there is one every 40 minutes." in message
    await subjects(empty)
    assert await due_now(empty, source) == []
    await new_lead(empty, source, "webhook", received_at=NOW - 500 * MINUTES)
    assert await due_now(empty, source) == ["No lead for 8 hours: Spring Fair"], "another silence"


@pytest.mark.parametrize(
    ("gap", "silent_for", "leads", "via"),
    [
        (40 * MINUTES, 470 * MINUTES, 20, "webhook"),
        (1 * MINUTES, 55 * MINUTES, 20, "webhook"),
        (40 * MINUTES, 900 * MINUTES, 10, "webhook"),
        (40 * MINUTES, 900 * MINUTES, 20, "backfill"),
        (40 * MINUTES, 900 * MINUTES, 20, "import"),
    ],
    ids=["less than 12 gaps", "less than an hour", "no habit yet", "not posted", "imported"],
)
async def test_what_is_no_silence(empty: Pool, gap: timedelta, silent_for: timedelta, leads: int, via: str):
    await habitual(empty, gap, silent_for=silent_for, leads=leads, via=via)
    assert await subjects(empty) == []


async def test_a_silence_as_long_as_the_last_night_is_none(empty: Pool):
    source = await habitual(empty, 10 * MINUTES, silent_for=9 * 60 * MINUTES)
    for place in range(5):
        await new_lead(empty, source, "webhook", received_at=NOW + place * MINUTES)
    async with empty.connection() as conn:
        await conn.execute("update leads set received_at = received_at - interval '8 hours'")
    assert await subjects(empty) == [], "9 h came before, it is silent for 8 h"


async def test_a_parked_source_is_not_called_silent(empty: Pool):
    await habitual(empty, 40 * MINUTES, silent_for=900 * MINUTES, state="parked")
    assert await subjects(empty) == []


async def test_a_source_is_looked_at_when_it_could_be_silent_at_the_earliest(empty: Pool):
    source = await habitual(empty, 40 * MINUTES, silent_for=100 * MINUTES)
    await raise_alarms(empty)
    assert await silence_at(empty, source.id) == NOW - 100 * MINUTES + 480 * MINUTES


async def silence_at(pool: Pool, source_id: UUID) -> datetime:
    async with pool.connection() as conn:
        row = await (await conn.execute("select silence_at from lead_sources where id = %s", (source_id,))).fetchone()
    assert row is not None
    at: datetime = row[0]
    return at


async def test_more_sources_than_are_looked_at_together_are_all_told_of(empty: Pool, monkeypatch: Any):
    monkeypatch.setattr("services.leads.alarms._AT_A_TIME", 2)
    for _ in range(5):
        source = await habitual(empty, 1 * MINUTES, silent_for=900 * MINUTES, leads=12)
        await change(empty, source, token_until=NOW)
    assert len(await subjects(empty)) == 10
    assert (await again(empty, source.id)).told.keys() == {"silent", "token"}

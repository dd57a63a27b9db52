"""Who came to automations: what decides whether they are let in, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.automations.entries import EarlierRun
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class EntryNoted:
    """Somebody who was let in, or was not."""

    id: UUID
    contact_id: UUID | None
    trigger: str
    entry_key: str
    outcome: str
    run_id: UUID | None
    at: datetime


async def lock_entries(store: Connections, automation_id: UUID, contact_id: UUID) -> None:
    """Let nobody else have this contact enter this automation until the transaction ends."""
    async with store.connection() as conn:
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"automation {automation_id} {contact_id}",)
        )


async def before(store: Connections, automation_id: UUID, contact_id: UUID, limit: int = 1_000) -> Sequence[EarlierRun]:
    """A contact's runs of an automation, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(EarlierRun)) as cursor:
        await cursor.execute(
            """select entry_key as key, entered_at, ended_at from automation_runs
               where automation_id = %s and contact_id = %s order by entered_at desc limit %s""",
            (automation_id, contact_id, limit),
        )
        return await cursor.fetchall()


async def entered_since(store: Connections, automation_id: UUID, since: datetime, most: int) -> int:
    """How many were let in since a moment, counted up to ``most``."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select count(*)::integer from (
                       select from automation_runs where automation_id = %s and entered_at > %s limit %s) as r""",
                (automation_id, since, most),
            )
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def update_event(
    store: Connections, automation_id: UUID, contact_id: UUID, entry_key: str, event: Mapping[str, Any]
) -> UUID | None:
    """Give the open run of an entry new data. Returns it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set event = event || %s
               where automation_id = %s and contact_id = %s and entry_key = %s and ended_at is null returning id""",
            (Jsonb(dict(event)), automation_id, contact_id, entry_key),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def end_entry(
    store: Connections, automation_id: UUID, contact_id: UUID, entry_key: str, reason: str, at: datetime
) -> UUID | None:
    """End the open run of an entry, as another one takes its place. Returns it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set state = 'exited', reason = %s, ended_at = %s, until = null, awaits = '{}'
               where automation_id = %s and contact_id = %s and entry_key = %s and ended_at is null returning id""",
            (reason, at, automation_id, contact_id, entry_key),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def note_entry(store: Connections, automation_id: UUID, account_id: int, entry: EntryNoted) -> None:
    """Note that somebody was let in, or why not."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_entries (id, automation_id, account_id, contact_id, trigger, entry_key, outcome,
                                               run_id, at)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                *(entry.id, automation_id, account_id, entry.contact_id, entry.trigger, entry.entry_key),
                *(entry.outcome, entry.run_id, entry.at),
            ),
        )


async def entries(
    store: Connections, automation_id: UUID, outcome: str | None, before: UUID | None, limit: int
) -> Sequence[EntryNoted]:
    """Who came to an automation, the latest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(EntryNoted)) as cursor:
        await cursor.execute(
            """select id, contact_id, trigger, entry_key, outcome, run_id, at from automation_entries
               where automation_id = %(of)s and (%(before)s::uuid is null or id < %(before)s)
                 and (%(outcome)s::text is null or outcome = %(outcome)s)
               order by id desc limit %(limit)s""",
            {"of": automation_id, "outcome": outcome, "before": before, "limit": limit},
        )
        return await cursor.fetchall()

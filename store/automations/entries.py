"""Who came to automations: what decides whether they are let in, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.automations.entries import EarlierRun
from domain.ids import first_id
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


async def lock_entries(store: Connections, automation_id: UUID, contact_ids: Sequence[UUID]) -> None:
    """Let nobody else have these contacts enter this automation until the transaction ends."""
    names = [f"automation {automation_id} {contact_id}" for contact_id in sorted(contact_ids)]
    async with store.connection() as conn:
        await conn.execute(
            "select pg_advisory_xact_lock(hashtextextended(n, 0)) from unnest(%s::text[]) as n", (names,)
        )


async def before(
    store: Connections, automation_id: UUID, contact_ids: Sequence[UUID], limit: int = 1_000
) -> Mapping[UUID, Sequence[EarlierRun]]:
    """The runs of contacts in an automation, the newest first; ``limit``: of each contact."""
    found: dict[UUID, list[EarlierRun]] = {contact_id: [] for contact_id in contact_ids}
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select w.contact_id, r.entry_key, r.entered_at, r.ended_at
               from unnest(%s::uuid[]) as w (contact_id)
               cross join lateral (
                   select entry_key, entered_at, ended_at from automation_runs
                   where automation_id = %s and contact_id = w.contact_id order by entered_at desc limit %s) as r
               order by w.contact_id, r.entered_at desc""",
            (list(contact_ids), automation_id, limit),
        )
        for contact_id, *values in await cursor.fetchall():
            found[contact_id].append(EarlierRun(*values))
    return found


async def entered_since(store: Connections, automation_id: UUID, since: datetime, most: int) -> int:
    """How many were let in since a moment, counted up to ``most``: by their ids, which hold the time."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select count(*)::integer from (
                       select from automation_runs where automation_id = %s and id >= %s limit %s) as r""",
                (automation_id, first_id(since.timestamp()), most),
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


async def note_entries(store: Connections, automation_id: UUID, account_id: int, noted: Sequence[EntryNoted]) -> None:
    """Note who was let in, and who was not, with why."""
    names = ("id", "contact_id", "trigger", "entry_key", "outcome", "run_id", "at")
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_entries (automation_id, account_id, id, contact_id, trigger, entry_key, outcome,
                                               run_id, at)
               select %s, %s, id, contact_id, trigger, entry_key, outcome, run_id, at
               from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[])
                    as n (id, contact_id, trigger, entry_key, outcome, run_id, at)""",
            (automation_id, account_id, *([getattr(one, name) for one in noted] for name in names)),
        )

"""What automations are to look at: events of contacts, and what steps of other runs ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections

MOST_TRIES = 5
"""That may fail by a fault of ours."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to look at."""

    account_id: int
    source: UUID
    """Of one source there is one."""
    contact_id: UUID
    name: str
    at: datetime
    data: Mapping[str, Any]
    noted_at: datetime | None = None
    """When it was put here."""


async def put(store: Connections, noted: Noted) -> None:
    """Have it be looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_events (account_id, source, contact_id, name, at, data)
               values (%s, %s, %s, %s, %s, %s) on conflict do nothing""",
            (noted.account_id, noted.source, noted.contact_id, noted.name, noted.at, Jsonb(dict(noted.data))),
        )


async def take(store: Connections, limit: int) -> Sequence[Noted]:
    """The oldest that nobody has, locked until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Noted)) as cursor:
        await cursor.execute(
            """select account_id, source, contact_id, name, at, data, noted_at from automation_events
               where tries < %s order by noted_at limit %s for update skip locked""",
            (MOST_TRIES, limit),
        )
        return await cursor.fetchall()


async def note_failure(store: Connections, noted: Noted) -> None:
    """It could not be looked at, by a fault of ours."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_events set tries = tries + 1 where account_id = %s and source = %s",
            (noted.account_id, noted.source),
        )


async def forget(store: Connections, noted: Sequence[Noted]) -> None:
    """They were looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """delete from automation_events e using unnest(%s::bigint[], %s::uuid[]) as n (account_id, source)
               where e.account_id = n.account_id and e.source = n.source""",
            ([one.account_id for one in noted], [one.source for one in noted]),
        )

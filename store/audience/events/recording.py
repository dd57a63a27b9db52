"""What happened to contacts: written once for each source, and read by contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from store.pool import Connections

KEPT_DAYS = 90
"""How long an event is kept at least."""


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """An event of a contact."""

    contact_id: UUID
    name: str
    at: datetime
    source: UUID
    """Digest of where it comes from: of one source there is one event."""
    data: dict[str, Any] = field(default_factory=dict)


async def add(store: Connections, account_id: int, events: Sequence[ContactEvent]) -> set[UUID]:
    """Write those of contacts of the account whose source is new; returns their sources.

    In one month a source is unique; one that comes again in a later month is looked for in the others.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into contact_events (account_id, contact_id, name, at, data, source)
               select c.account_id, c.id, e.name, e.at, e.data, e.source
               from json_to_recordset(%s::json)
                    as e (contact_id uuid, name text, at timestamptz, data jsonb, source uuid)
               join contacts c on c.id = e.contact_id and c.account_id = %s
               where not exists (select from contact_events x where x.account_id = c.account_id and x.source = e.source)
               order by e.source for key share of c
               on conflict do nothing returning source""",
            (orjson.dumps(list(events)).decode(), account_id),
        )
        return {source for (source,) in await cursor.fetchall()}


async def of_contact(
    store: Connections, account_id: int, contact_id: UUID, names: Sequence[str], since: datetime, limit: int
) -> Sequence[ContactEvent]:
    """Events of these names since a moment, the oldest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(ContactEvent)) as cursor:
        await cursor.execute(
            """select contact_id, name, at, source, data from contact_events
               where account_id = %s and contact_id = %s and name = any(%s) and at >= %s
               order by at, source limit %s""",
            (account_id, contact_id, list(names), since, limit),
        )
        return await cursor.fetchall()


async def of_contacts(
    store: Connections, since: Mapping[UUID, tuple[int, datetime]], names: Sequence[str], limit: int
) -> Mapping[UUID, Sequence[ContactEvent]]:
    """The same for many contacts, each with its account and since its own moment; ``limit``: of one contact."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(ContactEvent)) as cursor:
        await cursor.execute(
            """select e.contact_id, e.name, e.at, e.source, e.data
               from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) as w (contact_id, account_id, since)
               cross join lateral (
                   select v.contact_id, v.name, v.at, v.source, v.data from contact_events v
                   where v.account_id = w.account_id and v.contact_id = w.contact_id and v.name = any(%s)
                     and v.at >= w.since order by v.at, v.source limit %s) as e
               order by e.contact_id, e.at, e.source""",
            (
                *(list(since), [account for account, _ in since.values()], [at for _, at in since.values()]),
                *(list(names), limit),
            ),
        )
        found: dict[UUID, list[ContactEvent]] = {contact: [] for contact in since}
        for event in await cursor.fetchall():
            found[event.contact_id].append(event)
        return found


Place = tuple[datetime, UUID]
"""Where one stands in the story of a contact: its time and source."""


async def story(
    store: Connections, account_id: int, contact_id: UUID, name: str | None, below: Place | None, limit: int
) -> Sequence[ContactEvent]:
    """What happened to a contact, the newest first; ``name``: only events of this name."""
    at, source = below or (None, None)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(ContactEvent)) as cursor:
        await cursor.execute(
            """select contact_id, name, at, source, data from contact_events
               where account_id = %(account)s and contact_id = %(contact)s
                 and (%(name)s::text is null or name = %(name)s)
                 and (%(at)s::timestamptz is null or (at, source) < (%(at)s, %(source)s))
               order by at desc, source desc limit %(limit)s""",
            {"account": account_id, "contact": contact_id, "name": name, "at": at, "source": source, "limit": limit},
        )
        return await cursor.fetchall()

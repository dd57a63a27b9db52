"""What automations are to look at: events of contacts, and what steps of other runs ask for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections

MOST_TRIES = 5
"""That may fail by a fault of ours."""


_TAKE = """
with recursive busy (account_id) as (
    (select account_id from automation_events order by account_id limit 1)
    union all
    select (select e.account_id from automation_events e where e.account_id > b.account_id
            order by e.account_id limit 1) from busy b where b.account_id is not null
), shares as (
    select e.* from busy b cross join lateral (
        select e.account_id, e.source, e.noted_at from automation_events e
        where e.account_id = b.account_id and e.tries < %(tries)s order by e.noted_at
        limit (select greatest(1, %(limit)s / greatest(1, count(account_id))) from busy)) as e
), oldest as (
    select account_id, source, noted_at from automation_events where tries < %(tries)s order by noted_at limit %(limit)s
), chosen as (
    select account_id, source from (select *, 1 as turn from shares union all select *, 2 from oldest) as c
    group by account_id, source, noted_at order by min(turn), noted_at limit %(limit)s
)
select e.account_id, e.source, e.contact_id, e.name, e.at, e.data, e.noted_at, e.hops
from chosen c join automation_events e on e.account_id = c.account_id and e.source = c.source
order by e.noted_at for update of e skip locked
"""


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
    hops: int = 0
    """How many automations caused each other to come there."""


async def put(store: Connections, noted: Noted) -> None:
    """Have it be looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_events (account_id, source, contact_id, name, at, data)
               values (%s, %s, %s, %s, %s, %s) on conflict do nothing""",
            (noted.account_id, noted.source, noted.contact_id, noted.name, noted.at, Jsonb(dict(noted.data))),
        )


async def is_waiting(store: Connections) -> bool:
    """Whether there is something to look at."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select from automation_events where tries < %s order by noted_at limit 1", (MOST_TRIES,)
        )
        return cursor.rowcount > 0


async def take(store: Connections, limit: int) -> Sequence[Noted]:
    """The oldest that nobody has, of each account its share; locked until the transaction ends.

    An account that has so many that others would wait for hours, such as by an import, takes turns with them.
    """
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Noted)) as cursor:
        await cursor.execute(_TAKE, {"tries": MOST_TRIES, "limit": limit})
        return await cursor.fetchall()


@asynccontextmanager
async def hopping(store: Connections, hops: int) -> AsyncIterator[None]:
    """Have what happens meanwhile be caused by an automation, after so many others: circles end by it."""
    async with store.connection() as conn:
        await conn.execute("select set_config('xsender.hops', %s, true)", (str(hops),))
        yield
        await conn.execute("select set_config('xsender.hops', '', true)")


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

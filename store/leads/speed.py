"""How fast leads are answered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from domain.ids import first_id
from store.pool import Connections, Pool, long_transaction
from store.schema.partitions import among

WATCHED_DAYS = 7
"""For so long a lead is looked at for its answer."""
_FIRST_LOOK = 3.0
"""Seconds between two looks at a lead that has just come; the older it is, the longer they are."""
_SPREAD = 0.2
"""Of its age: a lead that was not answered for an hour is looked at again in twelve minutes. What is noted is exact
all the same, only later."""
_SECONDS = 20.0
"""How long the figures may take."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead of which it is not known when it was answered, with the messages that answer it."""

    id: UUID
    uids: list[UUID]


async def waiting(store: Connections, limit: int) -> Sequence[Waiting]:
    """Those that are to be looked at now."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """with due as (
                   select id, reply_uid, answered from leads
                   where reply_look_at <= clock_timestamp() and first_reply_at is null and answered is not null
                   order by reply_look_at limit %s)
               select due.id, array_remove(due.reply_uid || array(
                   select s.uid from jsonb_array_elements_text(due.answered -> 'runs') as run (id)
                   join automation_sends s on s.run_id = run.id::uuid where s.uid is not null), null) as uids
               from due""",
            (limit,),
        )
        return await cursor.fetchall()


async def in_their_place(store: Connections, uids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Of these messages, those that another one was sent instead of, each with that one."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select uid, fallback_uid from messages
               where uid = any(%(uids)s) and uid between %(first)s and %(last)s and fallback_uid is not null""",
            among(uids),
        )
        return dict(await cursor.fetchall())


async def sent_at(store: Connections, uids: Collection[UUID]) -> Mapping[UUID, datetime]:
    """When gateways accepted these messages; those that none did are left out."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select uid, min(ended_at) from attempts
               where uid = any(%(uids)s) and uid between %(first)s and %(last)s and outcome = 'accepted'
               group by uid""",
            among(uids),
        )
        return dict(await cursor.fetchall())


async def note(store: Connections, looked_at: Mapping[UUID, datetime | None]) -> None:
    """Write when leads were answered; ``None``: not yet, it is looked for again."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads l
               set first_reply_at = n.at,
                   reply_look_at = case when n.at is null and l.received_at > clock_timestamp() - %s then
                       clock_timestamp() + greatest((clock_timestamp() - l.received_at) * %s, %s * interval '1 second')
                   end
               from unnest(%s::uuid[], %s::timestamptz[]) as n (id, at) where l.id = n.id""",
            (timedelta(days=WATCHED_DAYS), _SPREAD, _FIRST_LOOK, list(looked_at), list(looked_at.values())),
        )


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the leads of a source were answered in some days. Tests, imports and backfills do not count: when those
    come says nothing."""

    leads: int
    answered: int
    median_seconds: float | None
    """From when the provider got a lead to when the first message went out; ``None``: none was answered."""
    p95_seconds: float | None


async def measure(pool: Pool, source_id: UUID, since: datetime) -> tuple[Speed, Mapping[str, int]]:
    """Of the leads that came since then; and how many leads of each state came, however they did.

    Reads all of them: ids are in order of arrival.
    """
    async with long_transaction(pool, _SECONDS) as conn:
        cursor = await conn.execute(
            """with came as (
                   select l.state, l.via in ('webhook', 'form') and l.state <> 'test' as counts,
                          case when l.first_reply_at is not null then greatest(0, extract(epoch from
                              l.first_reply_at - coalesce(l.created_time, l.received_at))) end as seconds
                   from leads l where l.source_id = %(source)s and l.id >= %(first)s and l.received_at >= %(since)s)
               select count(*) filter (where counts), count(seconds) filter (where counts),
                      percentile_cont(0.5) within group (order by seconds) filter (where counts),
                      percentile_cont(0.95) within group (order by seconds) filter (where counts),
                      (select jsonb_object_agg(state, n) from (
                           select state, count(*) as n from came group by state order by state) as by_state)
               from came""",
            {"source": source_id, "since": since, "first": first_id(since.timestamp() - 3600)},
        )
        row = await cursor.fetchone()
    assert row is not None
    return Speed(*row[:4]), row[4] or {}

"""What is told of sources: whose turn it is, and which alarms are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from store.pool import Connections

TOKEN_DAYS = (14, 7, 1)
"""So many days before a token ends its owner is told."""

TIMES = 12
"""A source is silent after so many times its usual gap."""
SHORTEST = timedelta(hours=1)
"""No silence is shorter."""
RECENT = 50
"""Gaps that say what is usual."""
LEAST = 10
"""Leads before a source has a habit."""
READ = 200
"""Leads that are read of a source."""
LOOK_AGAIN = timedelta(hours=6)
"""After which a source without a habit, or one that is silent, is looked at again."""


async def take_turn(store: Connections, source_id: UUID) -> int:
    """The number of a lead that somebody is told of in turn. Others of the source wait until the transaction ends, so
    that none is left out."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                "update lead_sources set turns = turns + 1 where id = %s returning turns - 1", (source_id,)
            )
        ).fetchone()
    assert row is not None, "a source is not deleted while a lead of it is taken"
    return int(row[0])


async def expiring(store: Connections, limit: int) -> Sequence[tuple[UUID, int]]:
    """Sources whose token ends within ``TOKEN_DAYS``, each with the step that it has come to; each step of a token is
    returned once. In the transaction that tells of it.

    One statement, which reads the sources whose token ends within two weeks.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with due as (
                   select s.id, min(step.days) as days
                   from lead_sources s cross join unnest(%(steps)s::integer[]) as step (days)
                   where s.token_until <= clock_timestamp() + %(first)s * interval '1 day' and s.state <> 'disabled'
                     and s.token_until <= clock_timestamp() + step.days * interval '1 day'
                   group by s.id),
               news as (
                   select s.id, due.days from due join lead_sources s on s.id = due.id
                   where extract(epoch from s.token_until) is distinct from (s.told #>> '{token,until}')::numeric
                      or (s.told #>> '{token,days}')::integer > due.days
                   order by s.id limit %(limit)s for no key update of s skip locked)
               update lead_sources s set told = s.told || jsonb_build_object('token', jsonb_build_object(
                          'days', news.days, 'until', extract(epoch from s.token_until)))
               from news where s.id = news.id returning s.id, news.days""",
            {"steps": list(TOKEN_DAYS), "first": max(TOKEN_DAYS), "limit": limit},
        )
        return [(source_id, days) for source_id, days in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Silence:
    """A source from which no lead has come for long."""

    source_id: UUID
    last_at: datetime
    usual: timedelta
    """The median of the gaps between its last leads."""
    now: datetime


_SILENT = """
with due as (
    select id, state, told from lead_sources where silence_at <= %(now)s
    order by silence_at limit %(limit)s for no key update skip locked),
pushed as (
    select due.id, l.received_at,
           l.received_at - lead(l.received_at) over (partition by due.id order by l.id desc) as gap,
           row_number() over (partition by due.id order by l.id desc) as place
    from due cross join lateral (
        select id, received_at, via, state from leads where source_id = due.id
        order by id desc limit %(read)s) as l
    where l.via in ('webhook', 'form') and l.state <> 'test'),
habits as (
    select id, count(*) as known, max(received_at) as last_at, max(gap) as longest,
           percentile_cont(0.5) within group (order by gap) filter (where place <= %(recent)s) as usual
    from pushed group by id),
looked as (
    select due.id, due.told, h.usual, h.last_at, due.state = 'active' as is_active,
           case when h.known > %(least)s
                then h.last_at + greatest(%(times)s * h.usual, h.longest, %(shortest)s) end as silent_from
    from due left join habits h using (id)),
judged as (
    select id, usual, last_at, silent_from,
           is_active and silent_from <= %(now)s
               and extract(epoch from last_at) is distinct from (told ->> 'silent')::numeric as is_new
    from looked)
update lead_sources s
set told = s.told || case when j.is_new then jsonb_build_object('silent', extract(epoch from j.last_at)) else '{}' end,
    silence_at = case when j.silent_from > %(now)s then j.silent_from else %(now)s + %(again)s end
from judged j where s.id = j.id
returning s.id as source_id, j.last_at, j.usual, j.is_new
"""


async def silent(store: Connections, now: datetime, limit: int) -> tuple[int, Sequence[Silence]]:
    """Look at some sources, and return how many, and those that have become silent; each silence is returned once. In
    the transaction that tells of it.

    A source is silent when no lead was posted for ``TIMES`` the median of its last gaps, and for longer than ever
    among its last ``READ`` leads, as nights and weekends are long. One statement: it reads at most ``READ`` leads of
    each source that is due, and a source is due again when it could become silent at the earliest: so what it costs
    grows with the number of sources, not with that of leads.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            _SILENT,
            {
                "now": now,
                "limit": limit,
                "read": READ,
                "recent": RECENT,
                "least": LEAST,
                "times": TIMES,
                "shortest": SHORTEST,
                "again": LOOK_AGAIN,
            },
        )
        rows = await cursor.fetchall()
    found = [Silence(source_id, last_at, usual, now) for source_id, last_at, usual, is_new in rows if is_new]
    return len(rows), found

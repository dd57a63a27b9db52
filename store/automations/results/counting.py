"""Counters of automations: what statements add to them is folded from time to time, and read as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections

AT_A_TIME = 20_000
"""Rows that are folded in one transaction."""
WINDOW_MINUTES = 15
"""How long failures of a step count together."""
LOCK = 0x6175746F  # "auto"
"""Held while counters are folded, and while counting begins anew."""


# What was noted before a resumption is not watched any more, however late it is folded.
_FOLD = """
with folded as (
    delete from automation_changes where ctid = any(array(select ctid from automation_changes limit %(limit)s))
    returning *
), counted as (
    insert into automation_counts as c (automation_id, version, kind, step, name, arm, day, n)
    select f.automation_id, f.version, f.kind, f.step, f.name, f.arm, f.day, sum(f.n)
    from folded f join automations a on a.id = f.automation_id group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7
    on conflict (automation_id, version, kind, step, name, arm, day) do update set n = c.n + excluded.n
), watched as (
    select f.automation_id, f.step, date_trunc('minute', f.at) as minute,
           coalesce(sum(f.n) filter (where f.kind = 'ended'), 0) as failed,
           coalesce(sum(f.n) filter (where f.kind = 'step'), 0) as passed
    from folded f join automations a on a.id = f.automation_id
    where (f.kind = 'ended' and f.name = 'failed' or f.kind = 'step' and f.name not in ('failed', 'moved'))
      and (a.watched_since is null or f.at > a.watched_since)
    group by 1, 2, 3
), minutes as (
    insert into automation_minutes as m (automation_id, step, minute, failed, passed)
    select automation_id, step, minute, failed, passed from watched order by 1, 2, 3
    on conflict (automation_id, step, minute) do update set failed = m.failed + excluded.failed,
                                                            passed = m.passed + excluded.passed
), failing as (
    insert into automation_failures as t (automation_id, step, failed)
    select automation_id, step, sum(failed) from watched group by 1, 2 having sum(failed) > 0 order by 1, 2
    on conflict (automation_id, step) do update set failed = t.failed + excluded.failed
)
select count(*) from folded
"""


async def fold(store: Connections) -> int:
    """Add up some of what statements noted. In a transaction; of several processes one does it at a time.

    Returns how many rows there were.
    """
    async with store.connection() as conn:
        await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        row = await (await conn.execute(_FOLD, {"limit": AT_A_TIME})).fetchone()
    assert row is not None
    folded: int = row[0]
    return folded


async def delete_minutes(store: Connections) -> None:
    """Delete minutes that are watched no more."""
    async with store.connection() as conn:
        await conn.execute(
            "delete from automation_minutes where minute < clock_timestamp() - %s * interval '1 minute'",
            (WINDOW_MINUTES + 1,),
        )


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened in a version, at a step, or to runs as a whole."""

    version: int
    kind: str
    step: str
    name: str
    arm: str
    n: int


_COUNTS = """
select version, kind, step, name, arm, sum(n)::bigint as n from (
    select version, kind, step, name, arm, day, n from automation_counts where automation_id = %(of)s
    union all
    select version, kind, step, name, arm, day, n from automation_changes where automation_id = %(of)s) as c
where (%(version)s::integer is null or version = %(version)s)
  and (kind = 'inside'
       or (%(since)s::date is null or day >= %(since)s) and (%(until)s::date is null or day <= %(until)s))
group by 1, 2, 3, 4, 5 having sum(n) <> 0 order by 1, 2, 3, 4, 5
"""

# Of runs that were open before they were counted: there are fewer and fewer.
_EARLIER = """
select version, 'inside' as kind, coalesce(step, '') as step, '' as name, '' as arm, count(*) as n from automation_runs
where automation_id = %(of)s and ended_at is null and id < (select id from automation_mark)
  and (%(version)s::integer is null or version = %(version)s)
group by 1, 3
"""


async def counts(
    store: Connections, automation_id: UUID, version: int | None, since: date | None = None, until: date | None = None
) -> Sequence[Count]:
    """All that is counted of an automation, or of one of its versions, on days (UTC) from ``since`` to ``until``."""
    values = {"of": automation_id, "version": version, "since": since, "until": until}
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Count)) as cursor:
        await cursor.execute(_COUNTS, values)
        found = await cursor.fetchall()
        await cursor.execute(_EARLIER, values)
        return [*found, *await cursor.fetchall()]

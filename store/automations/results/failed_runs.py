"""Runs that failed: by step and code, and which of them are tried again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Sample:
    """One of those that failed."""

    run: UUID
    code: str
    message: str


async def newest(store: Connections, automation_id: UUID, step: str) -> Sample | None:
    """Of the runs that failed at a step, the one that entered last."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Sample)) as cursor:
        await cursor.execute(
            """select id as run, coalesce(reason, '') as code, coalesce(error ->> 'message', '') as message
               from automation_runs where automation_id = %s and step = %s and state = 'failed'
               order by reason desc, id desc limit 1""",
            (automation_id, step),
        )
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Failures:
    """Runs that failed at one step in one way."""

    step: str
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    run: UUID
    """One of them, the one that entered last."""
    message: str
    """Why that one failed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which failed runs are meant."""

    version: int | None = None
    step: str | None = None
    code: str | None = None
    since: datetime | None = None
    """They failed at this time or later."""
    until: datetime | None = None
    """They failed before it."""


_WHERE = """automation_id = %(of)s and state = 'failed' and (%(version)s::integer is null or version = %(version)s)
    and (%(step)s::text is null or step = %(step)s) and (%(code)s::text is null or reason = %(code)s)
    and (%(since)s::timestamptz is null or ended_at >= %(since)s)
    and (%(until)s::timestamptz is null or ended_at < %(until)s)"""


def _values(automation_id: UUID, wanted: Wanted) -> dict[str, Any]:
    return {
        "of": automation_id,
        "version": wanted.version,
        "step": wanted.step,
        "code": wanted.code,
        "since": wanted.since,
        "until": wanted.until,
    }


async def grouped(
    store: Connections, automation_id: UUID, wanted: Wanted, after: tuple[str, str] | None, limit: int
) -> Sequence[Failures]:
    """Failed runs by step and code, in their order; those behind a step and a code."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Failures)) as cursor:
        await cursor.execute(
            f"""select f.step, f.code, f.count, f.first_at, f.last_at, f.run,
                       coalesce(r.error ->> 'message', '') as message
                from (select coalesce(step, '') as step, coalesce(reason, '') as code, count(*) as count,
                             min(ended_at) as first_at, max(ended_at) as last_at, max(id::text)::uuid as run
                      from automation_runs where {_WHERE}
                        and (%(step_after)s::text is null
                             or (coalesce(step, ''), coalesce(reason, '')) > (%(step_after)s, %(code_after)s))
                      group by 1, 2 order by 1, 2 limit %(limit)s) as f
                join automation_runs r on r.id = f.run order by f.step, f.code""",  # noqa: S608 - a constant of ours
            _values(automation_id, wanted)
            | {"step_after": after and after[0], "code_after": after and after[1], "limit": limit},
        )
        return await cursor.fetchall()


async def by_step(store: Connections, automation_id: UUID, wanted: Wanted) -> Mapping[tuple[int, str], int]:
    """How many runs failed, by version and step."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select version, coalesce(step, ''), count(*) from automation_runs
                where {_WHERE} group by 1, 2 order by 1, 2""",  # noqa: S608 - a constant of ours
            _values(automation_id, wanted),
        )
        return {(version, step): count for version, step, count in await cursor.fetchall()}


async def dearest_messages(store: Connections, automation_id: UUID, runs: int) -> Mapping[str, int]:
    """By step, the highest price among the messages of an automation's newest runs."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.step, max(m.price) from (
                   select id from automation_runs where automation_id = %s order by id desc limit %s) as r
               join automation_sends s on s.run_id = r.id join messages m on m.uid = s.uid
               where m.price > 0 group by 1""",
            (automation_id, runs),
        )
        return {step: int(price) for step, price in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Page:
    """Some failed runs that were looked at."""

    retried: int
    left_out: int
    """Their contacts have entered again."""
    last: UUID | None
    """The one looked at last; ``None``: there are no more."""


async def reopen(
    store: Connections, automation_id: UUID, wanted: Wanted, below: UUID | None, limit: int, *, alone: bool
) -> Page:
    """Have some failed runs go on at their steps, the newest first; those of contacts that are inside again stay.

    ``alone``: a contact is inside only once, whatever the key of its entry.

    Raises:
        UniqueViolation: a contact has entered at this moment.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""with page as (
                    select id, contact_id, case when %(alone)s then '' else entry_key end as key from automation_runs
                    where {_WHERE} and (%(below)s::uuid is null or id < %(below)s)
                    order by id desc limit %(limit)s for update
                ), first as (
                    select distinct on (contact_id, key) id from page order by contact_id, key, id desc
                ), opened as (
                    update automation_runs r set state = 'running', ended_at = null, timer_at = null, reason = null,
                       error = null,
                                                 since = null, until = clock_timestamp(), tries = 0, again_at = null
                    from first f join page p using (id) where r.id = f.id and not exists (
                        select from automation_runs o
                        where o.automation_id = %(of)s and o.contact_id = p.contact_id and o.ended_at is null
                          and (%(alone)s or o.entry_key = p.key))
                    returning r.id
                )
                select (select count(*) from page), (select count(*) from opened),
                       (select id from page order by id limit 1)""",  # noqa: S608 - a constant of ours
            _values(automation_id, wanted) | {"below": below, "limit": limit, "alone": alone},
        )
        row = await cursor.fetchone()
    assert row is not None
    looked, opened, last = row
    return Page(opened, looked - opened, last)


async def count_inside_again(store: Connections, automation_id: UUID, wanted: Wanted, *, alone: bool) -> int:
    """How many failed runs stay, as their contacts have entered again. ``alone``: as in ``reopen``."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                f"""select count(*) from (
                        select contact_id, entry_key, row_number() over (
                            partition by contact_id, case when %(alone)s then '' else entry_key end
                            order by id desc) as n
                        from automation_runs where {_WHERE}) as f
                    where f.n > 1 or exists (
                        select from automation_runs o
                        where o.automation_id = %(of)s and o.contact_id = f.contact_id and o.ended_at is null
                          and (%(alone)s or o.entry_key = f.entry_key))""",  # noqa: S608 - a constant of ours
                _values(automation_id, wanted) | {"alone": alone},
            )
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


@dataclass(frozen=True, slots=True)
class Troubled:
    """An automation that somebody should look at."""

    id: UUID
    key: str
    name: str
    state: str
    paused_for: dict[str, Any] | None
    failed: int
    """Runs that failed, and were not tried again; up to ``MOST_COUNTED``."""


MOST_COUNTED = 100_000


async def troubled(store: Connections, account_id: int, before: UUID | None, limit: int) -> Sequence[Troubled]:
    """Automations of an account with failed runs, or paused by themselves, the newest first. Archived ones are not."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Troubled)) as cursor:
        await cursor.execute(
            """select a.id, a.key, a.name, a.state, a.paused_for, f.failed from automations a
               cross join lateral (select count(*) as failed from (
                   select from automation_runs r where r.automation_id = a.id and r.state = 'failed' limit %(most)s
               ) as r) as f
               where a.account_id = %(account)s and a.state <> 'archived'
                 and (%(before)s::uuid is null or a.id < %(before)s)
                 and (a.paused_for is not null or f.failed > 0)
               order by a.id desc limit %(limit)s""",
            {"account": account_id, "before": before, "limit": limit, "most": MOST_COUNTED},
        )
        return await cursor.fetchall()

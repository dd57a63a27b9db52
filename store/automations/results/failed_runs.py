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


async def grouped(store: Connections, automation_id: UUID, wanted: Wanted, limit: int) -> Sequence[Failures]:
    """Failed runs by step and code, the most first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Failures)) as cursor:
        await cursor.execute(
            f"""select f.step, f.code, f.count, f.first_at, f.last_at, f.run,
                       coalesce(r.error ->> 'message', '') as message
                from (select coalesce(step, '') as step, coalesce(reason, '') as code, count(*) as count,
                             min(ended_at) as first_at, max(ended_at) as last_at, max(id::text)::uuid as run
                      from automation_runs where {_WHERE} group by 1, 2 order by 3 desc, 1, 2 limit %(limit)s) as f
                join automation_runs r on r.id = f.run order by f.count desc, f.step, f.code""",  # noqa: S608 - ours
            _values(automation_id, wanted) | {"limit": limit},
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

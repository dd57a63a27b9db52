"""Runs of automations that failed, of one account or of all, by their causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.messages.search.walks import IN_ANY_ORDER, IN_ORDER
from store.pool import Connections

MOST_COUNTED = 10_000
"""Failures that are read: of more, the latest."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of them; ``None``: all."""

    since: datetime
    until: datetime
    account_id: int | None = None
    automation: str | None = None
    """Its key, or its id."""
    step: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class RunCause:
    """Runs of one automation that failed at one step in one way."""

    account_id: int
    automation: str
    automation_name: str
    step: str
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: UUID
    """The one that failed last."""
    reason: str | None
    """Why that one failed."""
    read: int
    """How many failures were read for all causes."""
    read_since: datetime
    """When the first of those failed."""


_READ = """
read as materialized (
    select r.id, r.automation_id, r.step, r.reason, r.ended_at from automation_runs r
    where r.state = 'failed' and r.ended_at >= %(since)s and r.ended_at < %(until)s {account}
    order by r.ended_at desc limit %(most)s
)
"""
_FITS = """(%(automation)s::text is null or a.key = %(automation)s or a.id::text = %(automation)s)
    and (%(step)s::text is null or r.step = %(step)s) and (%(code)s::text is null or r.reason = %(code)s)"""
_CAUSES = f"""
with {_READ}, causes as (
    select a.account_id, a.key as automation, a.name as automation_name, coalesce(r.step, '') as step,
           coalesce(r.reason, '') as code, count(*) as count, min(r.ended_at) as first_at, max(r.ended_at) as last_at,
           (array_agg(r.id))[1] as sample
    from read r join automations a on a.id = r.automation_id where {_FITS} group by a.id, 4, 5
)
select c.*, s.error ->> 'message' as reason, (select count(*) from read) as read,
       (select min(ended_at) from read) as read_since
from causes c left join automation_runs s on s.id = c.sample
order by c.count desc, c.last_at desc limit %(limit)s
"""  # noqa: S608 - constants of ours


async def causes(store: Connections, wanted: Wanted, limit: int) -> Sequence[RunCause]:
    """The most frequent first."""
    account = "" if wanted.account_id is None else "and r.account_id = %(account)s"
    values: dict[str, Any] = {
        **{"since": wanted.since, "until": wanted.until, "account": wanted.account_id},
        **{"automation": wanted.automation, "step": wanted.step, "code": wanted.code},
        **{"limit": limit, "most": MOST_COUNTED},
    }
    async with store.connection() as conn, conn.transaction(), conn.cursor(row_factory=class_row(RunCause)) as cursor:
        await conn.execute(IN_ORDER)
        await cursor.execute(_CAUSES.format(account=account).encode(), values)
        found = await cursor.fetchall()
        await conn.execute(IN_ANY_ORDER)
        return found

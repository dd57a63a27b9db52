"""Leads that failed, or wait for a source that must be mended, of one account or of all, by their causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.ids import first_id
from store.messages.search.walks import IN_ANY_ORDER, IN_ORDER
from store.pool import Connections

MOST_COUNTED = 10_000
"""Leads that are read, of those that failed and of those that wait: of more, the latest."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of them; ``None``, and no state: all."""

    since: datetime
    until: datetime
    account_id: int | None = None
    source: str | None = None
    """Its key, or its id."""
    code: str | None = None
    states: Sequence[str] = ()
    """Of those that failed."""


@dataclass(frozen=True, slots=True)
class LeadCause:
    """Leads of one source that are in one state for one reason."""

    account_id: int
    source: str
    source_name: str
    state: str
    code: str | None
    count: int
    first_at: datetime
    last_at: datetime
    sample: UUID
    """The last of them."""
    reason: str | None
    """Why that one is in its state."""
    read: int
    """How many were read for all causes."""
    read_since: datetime
    """The time of the first of those."""


_FITS = """(%(source)s::text is null or s.key = %(source)s or s.id::text = %(source)s)
    and (%(code)s::text is null or l.code = %(code)s)"""
# Of those that failed, the time at which they did.
_FAILED = f"""
with read as materialized (
    select l.id, l.source_id, l.state, l.code, l.ended_at as at from leads l
    where l.state in ('failed', 'gone', 'invalid') and l.ended_at >= %(since)s and l.ended_at < %(until)s {{account}}
    order by l.ended_at desc limit %(most)s
), causes as (
    select s.account_id, s.key as source, s.name as source_name, l.state, l.code, count(*) as count,
           min(l.at) as first_at, max(l.at) as last_at, (array_agg(l.id))[1] as sample
    from read l join lead_sources s on s.id = l.source_id
    where {_FITS} and (%(states)s::text[] = '{{{{}}}}' or l.state = any(%(states)s)) group by s.id, l.state, l.code
)
"""  # noqa: S608 - constants of ours
# Of those that wait, the time at which they came. They are read source by source.
_PARKED = f"""
with read as materialized (
    select l.* from lead_sources s cross join lateral (
        select l.id, l.source_id, l.state, l.code, l.received_at as at from leads l
        where l.source_id = s.id and l.state = 'parked' and l.id >= %(first)s and l.id < %(end)s
        order by l.id desc limit %(most)s) as l
    where true {{account}} limit %(most)s
), causes as (
    select s.account_id, s.key as source, s.name as source_name, l.state, l.code, count(*) as count,
           min(l.at) as first_at, max(l.at) as last_at, (array_agg(l.id))[1] as sample
    from read l join lead_sources s on s.id = l.source_id where {_FITS} group by s.id, l.state, l.code
)
"""  # noqa: S608 - constants of ours
_SHOWN = """
select c.*, l.why as reason, (select count(*) from read) as read, (select min(at) from read) as read_since
from causes c left join leads l on l.id = c.sample order by c.count desc, c.last_at desc limit %(limit)s
"""


async def failed(store: Connections, wanted: Wanted, limit: int) -> Sequence[LeadCause]:
    """Those that ended without what their source asks for, by the time at which they did, the most frequent first."""
    account = "" if wanted.account_id is None else "and l.account_id = %(account)s"
    return await _read(store, _FAILED.format(account=account), wanted, limit)


async def parked(store: Connections, wanted: Wanted, limit: int) -> Sequence[LeadCause]:
    """Those that wait for their source, by the time at which they came, the most frequent first."""
    account = "" if wanted.account_id is None else "and s.account_id = %(account)s"
    return await _read(store, _PARKED.format(account=account), wanted, limit)


async def _read(store: Connections, query: str, wanted: Wanted, limit: int) -> Sequence[LeadCause]:
    values: dict[str, Any] = {
        **{"since": wanted.since, "until": wanted.until, "account": wanted.account_id},
        **{"first": _id_at(wanted.since), "end": _id_at(wanted.until)},
        **{"source": wanted.source, "code": wanted.code, "states": list(wanted.states)},
        **{"limit": limit, "most": MOST_COUNTED},
    }
    async with store.connection() as conn, conn.transaction(), conn.cursor(row_factory=class_row(LeadCause)) as cursor:
        await conn.execute(IN_ORDER)
        await cursor.execute((query + _SHOWN).encode(), values)
        found = await cursor.fetchall()
        await conn.execute(IN_ANY_ORDER)
        return found


def _id_at(at: datetime) -> UUID:
    return first_id(max(at.timestamp(), 0.0))

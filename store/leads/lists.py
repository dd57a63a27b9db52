"""Lists of an account's leads, and those of them that are taken again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.leads.leads import COLUMNS, Lead
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Filter:
    """Which leads; ``None`` and empty: all."""

    states: tuple[str, ...] = ()
    source_id: UUID | None = None
    code: str | None = None
    contact_id: UUID | None = None
    via: str | None = None
    conflict: bool | None = None
    """Whether other contacts have one of its addresses."""
    first: UUID | None = None
    """The least id: ids grow with the time of arrival."""
    end: UUID | None = None
    """All ids are less."""
    ended_after: datetime | None = None
    """They ended then or later."""
    ended_before: datetime | None = None
    """They ended earlier."""


_MATCHES = """l.account_id = %(account)s
    and (%(states)s::text[] = '{}' or l.state = any(%(states)s))
    and (%(source)s::uuid is null or l.source_id = %(source)s)
    and (%(code)s::text is null or l.code = %(code)s)
    and (%(contact)s::uuid is null or l.contact_id = %(contact)s)
    and (%(via)s::text is null or l.via = %(via)s)
    and (%(conflict)s::boolean is null or (l.conflict is not null) = %(conflict)s)
    and (%(first)s::uuid is null or l.id >= %(first)s)
    and (%(end)s::uuid is null or l.id < %(end)s)
    and (%(ended_after)s::timestamptz is null or l.ended_at >= %(ended_after)s)
    and (%(ended_before)s::timestamptz is null or l.ended_at < %(ended_before)s)"""
_KEPT = """(l.sealed is not null
    or exists (select from lead_sources s where s.id = l.source_id and s.kind = any(%(fetched)s)))"""


def _values(account_id: int, wanted: Filter) -> dict[str, object]:
    return {
        "account": account_id,
        "states": list(wanted.states),
        "source": wanted.source_id,
        "code": wanted.code,
        "contact": wanted.contact_id,
        "via": wanted.via,
        "conflict": wanted.conflict,
        "first": wanted.first,
        "end": wanted.end,
        "ended_after": wanted.ended_after,
        "ended_before": wanted.ended_before,
    }


async def page(store: Connections, account_id: int, wanted: Filter, before: UUID | None, limit: int) -> Sequence[Lead]:
    """Those of an account, newest first, with smaller ids than ``before``."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Lead)) as cursor:
        await cursor.execute(
            f"""select {COLUMNS} from leads l
                where {_MATCHES} and (%(before)s::uuid is null or l.id < %(before)s)
                order by l.id desc limit %(limit)s""",  # noqa: S608 - constants
            {**_values(account_id, wanted), "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def count(store: Connections, account_id: int, wanted: Filter, fetched: Collection[str]) -> int:
    """How many there are that can be taken again. ``fetched``: kinds of sources whose leads can be fetched again."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"select count(*) from leads l where {_MATCHES} and {_KEPT}",  # noqa: S608 - constants
            {**_values(account_id, wanted), "fetched": list(fetched)},
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def reopen_some(
    store: Connections, account_id: int, wanted: Filter, fetched: Collection[str], after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Have the next ones be taken again, in the order in which they came. Returns their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""with found as (
                    select l.id from leads l
                    where {_MATCHES} and {_KEPT} and (%(after)s::uuid is null or l.id > %(after)s)
                    order by l.id limit %(limit)s for update),
                reopened as (
                    update leads set state = 'received', code = null, why = null, tries = 0, again_at = null,
                                     started_at = null, ended_at = null
                    where id in (select id from found) returning id)
                select id from reopened order by id""",  # noqa: S608 - constants
            {**_values(account_id, wanted), "fetched": list(fetched), "after": after, "limit": limit},
        )
        return [lead_id for (lead_id,) in await cursor.fetchall()]


async def latest_raw(store: Connections, source_id: UUID, limit: int) -> Sequence[Lead]:
    """Those that came last of a source whose raw lead is kept."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Lead)) as cursor:
        await cursor.execute(
            f"""select {COLUMNS} from leads l where l.source_id = %s and l.sealed is not null
                order by l.id desc limit %s""",  # noqa: S608 - constants
            (source_id, limit),
        )
        return await cursor.fetchall()

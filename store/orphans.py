"""Messages without an outcome whose page's workflow may have ended: finding them, and giving them an end.

What ends messages here runs in the caller's transaction, under the page's lock (``workflow_checks.try_lock``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.ids import PAGE_SIZE, message_uid
from domain.recovery import LeftOver
from store.pool import Pool

_OPEN = "('scheduled', 'queued', 'processing')"


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page that has messages without an outcome."""

    id: UUID
    is_due: bool
    """Whether it is time to ask Temporal about its workflow."""


# One probe of the index for each page: however many messages a page has, only the first of them is visited.
_WALK = f"""
with recursive step (uid) as (
    (select uid from messages where state in {_OPEN} and uid > %(after)s order by uid limit 1)
    union all
    select (select m.uid from messages m where m.state in {_OPEN} and m.uid > page_end(page_of(s.uid))
            order by m.uid limit 1)
    from step s where s.uid is not null
), pages as (
    select page_of(uid) as id from step where uid is not null limit %(limit)s
)
select p.id, case when c.next_at > clock_timestamp() then false else coalesce((
           select max(m.updated_at) <= clock_timestamp() - %(quiet)s * interval '1 second'
           from messages m where m.uid between p.id and page_end(p.id) and m.state in {_OPEN}
               and m.credit <> 'pending'), false) end as is_due
from pages p left join workflow_checks c on c.id = p.id
order by p.id
"""  # noqa: S608 - constants of ours


async def open_pages(pool: Pool, after: UUID, limit: int, quiet: float) -> list[OpenPage]:
    """The next pages with open messages, by id, from the uid ``after`` on.

    Due are those of which nothing has been recorded for ``quiet`` seconds, unless they were asked about lately. Pages
    of batches whose turn has not come are never due: their batch is.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(OpenPage)) as cursor:
        await cursor.execute(_WALK, {"after": after, "limit": limit, "quiet": quiet})
        return await cursor.fetchall()


async def next_due(pool: Pool, page_id: UUID) -> float | None:
    """In how many seconds the first open message of a page is due; ``None``: none is open."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select extract(epoch from min(coalesce(schedule_at, updated_at)) - clock_timestamp())::float8
                from messages where uid between %s and %s and state in {_OPEN}""",  # noqa: S608
            _range(page_id),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


_LEFT_OVER = f"""
select m.uid, m.credit = 'pending' as is_pending,
       coalesce(extract(epoch from m.schedule_at), 0)::float8 as due,
       extract(epoch from m.updated_at)::float8 as touched, coalesce(max(a.attempt), 0)::integer as tries
from messages m left join attempts a using (uid)
where m.uid between %s and %s and m.state in {_OPEN}
group by m.uid order by m.uid
"""  # noqa: S608 - constants of ours


async def left_over(conn: AsyncConnection[TupleRow], page_id: UUID) -> list[LeftOver]:
    """The open messages of a page."""
    async with conn.cursor(row_factory=class_row(LeftOver)) as cursor:
        await cursor.execute(_LEFT_OVER, _range(page_id))
        return await cursor.fetchall()


_DOUBT = f"""
with tries as (
    update attempts a set outcome = 'unknown', reason = %(reason)s, ended_at = clock_timestamp()
    from messages m where m.uid between %(first)s and %(last)s and m.state in {_OPEN}
        and a.uid = m.uid and a.outcome is null
    returning a.uid, a.gateway_id
)
update messages m set state = 'unknown', gateway_id = t.gateway_id, code = %(code)s, reason = %(reason)s,
                      updated_at = clock_timestamp()
from tries t where m.uid = t.uid and m.state in {_OPEN}
returning m.uid
"""  # noqa: S608 - constants of ours


async def doubt(conn: AsyncConnection[TupleRow], page_id: UUID, code: str, reason: str) -> list[UUID]:
    """Messages of a page that were being handed to a gateway become ``unknown``. Returns them."""
    first, last = _range(page_id)
    cursor = await conn.execute(_DOUBT, {"first": first, "last": last, "code": code, "reason": reason})
    return [uid for (uid,) in await cursor.fetchall()]


async def end(conn: AsyncConnection[TupleRow], uids: Sequence[UUID], state: str, code: str, reason: str) -> list[UUID]:
    """End open messages that have surely not left. Returns those that were open."""
    cursor = await conn.execute(
        f"""update messages set state = %s, code = %s, reason = %s, updated_at = clock_timestamp(),
                credit = case when credit = 'pending' then 'free' else credit end
            where uid = any(%s::uuid[]) and state in {_OPEN} returning uid""",  # noqa: S608
        (state, code, reason, list(uids)),
    )
    return [uid for (uid,) in await cursor.fetchall()]


async def settle(conn: AsyncConnection[TupleRow], page_id: UUID) -> None:
    """Capture or release the credits of a page's ended messages."""
    await conn.execute("select settle_page(%s, %s)", _range(page_id))


def _range(page_id: UUID) -> tuple[UUID, UUID]:
    return page_id, message_uid(page_id, PAGE_SIZE - 1)

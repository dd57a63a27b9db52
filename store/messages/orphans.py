"""Messages without an outcome whose page's workflow may have ended: finding and ending them.

Functions that end messages run in the caller's transaction, under the page's lock (``workflow_checks.try_lock``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.ids import PAGE_SIZE, message_uid
from domain.messages.recovery import LeftOver
from store.pool import Pool
from store.schema.partitions import among

_OPEN = "('scheduled', 'queued', 'processing')"


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page that was checked."""

    id: UUID
    is_silent: bool
    """Whether it has open messages and no writes for a while: its workflow may be lost."""


# Unstarted pages are left to their batches, and unknown messages are settled elsewhere: such pages
# are checked again when that may have changed. The `limit` makes the planner use the primary key, page by page.
_LOOK = f"""
with due as (
    select c.id from workflow_checks c
    where c.next_at <= now() and not exists (select from batches b where b.id = c.id)
    order by c.next_at limit %(limit)s for update of c skip locked
), looked as materialized (
    select due.id, found.is_live, found.touched,
           coalesce(found.touched, least(found.pending_until, now() + %(later)s * interval '1 second'))
               + %(quiet)s * interval '1 second' as next_at
    from due cross join lateral (
        select bool_or(state in {_OPEN} or state = 'unknown') as is_live,
               max(updated_at) filter (where state in {_OPEN} and credit <> 'pending') as touched,
               min(greatest(schedule_at, now())) filter (where credit = 'pending') as pending_until
        from (select state, credit, updated_at, schedule_at from messages m
              where m.uid between due.id and page_end(due.id) order by m.uid limit {PAGE_SIZE}) as m
    ) as found
), ended as (
    delete from workflow_checks c using looked l where c.id = l.id and l.is_live is not true
), waiting as (
    update workflow_checks c set next_at = l.next_at from looked l
    where c.id = l.id and l.is_live and (l.touched is null or l.next_at > now())
)
select id, is_live is true and touched is not null and next_at <= now() as is_silent from looked
"""  # noqa: S608 - constants of ours


async def check_due(pool: Pool, limit: int, quiet: float, later: float) -> list[OpenPage]:
    """Check the pages whose checks are due, longest due first.

    Ended ones are removed. Those with writes in the last ``quiet`` seconds are put off
    until these are that old, and those without open messages for ``later`` seconds. The caller must put off
    silent ones.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(OpenPage)) as cursor:
        await cursor.execute(_LOOK, {"limit": limit, "quiet": quiet, "later": later})
        return await cursor.fetchall()


async def next_due(pool: Pool, page_id: UUID) -> float | None:
    """In how many seconds the first open message of a page is due; ``None``: none is open."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select extract(epoch from min(coalesce(schedule_at, updated_at)) - clock_timestamp())::float8
                from messages where uid between %s and %s and state in {_OPEN}""",  # noqa: S608 - a constant
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


async def mark_unknown(conn: AsyncConnection[TupleRow], page_id: UUID, code: str, reason: str) -> list[UUID]:
    """Messages of a page that were being handed to a gateway become ``unknown``. Returns them."""
    first, last = _range(page_id)
    cursor = await conn.execute(_DOUBT, {"first": first, "last": last, "code": code, "reason": reason})
    return [uid for (uid,) in await cursor.fetchall()]


async def end(conn: AsyncConnection[TupleRow], uids: Sequence[UUID], state: str, code: str, reason: str) -> list[UUID]:
    """End open messages that were certainly not sent. Returns those that were open."""
    cursor = await conn.execute(
        f"""update messages set state = %(state)s, code = %(code)s, reason = %(reason)s, updated_at = clock_timestamp(),
                credit = case when credit = 'pending' then 'free' else credit end
            where uid = any(%(uids)s::uuid[]) and uid between %(first)s and %(last)s and state in {_OPEN}
            returning uid""",  # noqa: S608 - a constant
        {**among(uids), "state": state, "code": code, "reason": reason},
    )
    return [uid for (uid,) in await cursor.fetchall()]


async def settle(conn: AsyncConnection[TupleRow], page_id: UUID) -> None:
    """Capture or release the credits of a page's ended messages."""
    await conn.execute("select settle_page(%s, %s)", _range(page_id))


def _range(page_id: UUID) -> tuple[UUID, UUID]:
    return page_id, message_uid(page_id, PAGE_SIZE - 1)

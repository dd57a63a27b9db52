"""Ends messages that stay ``unknown`` for too long."""

from collections.abc import AsyncIterator
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.ids import PAGE_SIZE
from store.callbacks import callbacks
from store.pool import Pool

_AT_A_TIME = 200

_PAGES_AT_A_TIME = 200

_OLD = "state = 'unknown' and updated_at < clock_timestamp() - %(days)s * interval '1 day'"

# Locked in one order, against deadlocks with receipts; settled by account, because that locks wallets. The inner
# `limit` makes the planner use the primary key, page by page.
_END = f"""
with old as (
    select uid from messages where {_OLD} and uid = any(array(
        select m.uid from unnest(%(pages)s::uuid[]) as p (id) cross join lateral (
            select uid from messages where uid between p.id and page_end(p.id) and {_OLD} order by uid limit {PAGE_SIZE}
        ) as m limit %(limit)s))
    order by uid for update skip locked
)
update messages m set state = %(state)s, code = 'unknown_expired', updated_at = clock_timestamp(),
    reason = 'its outcome did not become known in time'
from old where m.uid = old.uid
returning m.account_id, m.channel, m.uid
"""  # noqa: S608 - constants of ours


async def end_older_than(pool: Pool, days: float, state: str) -> AsyncIterator[set[UUID]]:
    """End messages that have been ``unknown`` for this long: ``expired`` gives their credit back, ``sent`` keeps it.

    Yields customers' endpoints to wake, batch by batch.
    """
    after = UUID(int=0)
    while pages := await _pages_older_than(pool, days, after):
        after, ended = pages[-1], _AT_A_TIME
        while ended == _AT_A_TIME:
            async with pool.connection() as conn, conn.transaction():
                uids = await _end(conn, pages, days, state)
                endpoints = await callbacks.queue_states(conn, uids)
            if endpoints:
                yield endpoints
            ended = len(uids)


async def _pages_older_than(pool: Pool, days: float, after: UUID) -> list[UUID]:
    """The next open pages that are old enough to have messages that have been unknown for so long."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id from workflow_checks where id > %s and id < uid_at(now() - %s * interval '1 day')
               order by id limit %s""",
            (after, days, _PAGES_AT_A_TIME),
        )
        return [page_id for (page_id,) in await cursor.fetchall()]


async def _end(conn: AsyncConnection[TupleRow], pages: list[UUID], days: float, state: str) -> list[UUID]:
    cursor = await conn.execute(_END, {"pages": pages, "days": days, "state": state, "limit": _AT_A_TIME})
    uids = [uid for _, _, uid in sorted(await cursor.fetchall())]
    await conn.execute(
        "select settle_page(uid, uid) from unnest(%s::uuid[]) with ordinality as u (uid, n) order by n", (uids,)
    )
    return uids

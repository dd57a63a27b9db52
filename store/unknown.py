"""Messages whose outcome nobody could find out: they do not stay so for ever."""

from collections.abc import AsyncIterator
from uuid import UUID

from store import callbacks
from store.pool import Pool

_AT_A_TIME = 200

# Locked in one order, against deadlocks with receipts; settled by account, because that locks wallets.
_END = """
with old as (
    select uid from messages
    where state = 'unknown' and updated_at < clock_timestamp() - %(days)s * interval '1 day'
    order by uid limit %(limit)s for update skip locked
)
update messages m set state = %(state)s, code = 'unknown_expired', updated_at = clock_timestamp(),
    reason = 'nobody found out what became of it in time'
from old where m.uid = old.uid
returning m.account_id, m.channel, m.uid
"""


async def end_older_than(pool: Pool, days: float, state: str) -> AsyncIterator[set[UUID]]:
    """End messages that have been ``unknown`` for so long: ``expired`` gives their credit back, ``sent`` keeps it.

    Yields customers' endpoints that are to be woken, as often as there are any.
    """
    ended = _AT_A_TIME
    while ended == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_END, {"days": days, "state": state, "limit": _AT_A_TIME})
            uids = [uid for _, _, uid in sorted(await cursor.fetchall())]
            await conn.execute(
                "select settle_page(uid, uid) from unnest(%s::uuid[]) with ordinality as u (uid, n) order by n", (uids,)
            )
            endpoints = await callbacks.queue_states(conn, uids)
        if endpoints:
            yield endpoints
        ended = len(uids)

"""The counters of usage beside a count of all messages but those of test keys, which they must equal at any moment."""

from typing import Any

from store.connection import Connection
from store.pool import Pool, long_transaction

_COUNTED = """
select account_id, channel, gateway_id, day,
       sum(accepted), sum(sent), sum(delivered), sum(failed), sum(unknown), sum(credits)
from (select * from usage_days union all select * from usage_changes) as u group by 1, 2, 3, 4
having sum(accepted) <> 0 or sum(sent) <> 0 or sum(delivered) <> 0 or sum(failed) <> 0 or sum(unknown) <> 0
    or sum(credits) <> 0
"""
_MESSAGES = """
select account_id, channel, gateway_id, uid_day(left(uid::text, 13)), count(*),
       count(*) filter (where state in ('sent', 'deferred')), count(*) filter (where state in ('delivered', 'read')),
       count(*) filter (where state not in ('scheduled', 'queued', 'processing', 'unknown', 'sent', 'deferred',
                                            'delivered', 'read')),
       count(*) filter (where state = 'unknown'), coalesce(sum(price) filter (where credit = 'captured'), 0)
from messages where not test group by 1, 2, 3, 4
"""


async def counted(conn: Connection) -> set[tuple[Any, ...]]:
    """The counters."""
    return {tuple(row) for row in await (await conn.execute(_COUNTED)).fetchall()}


async def recounted(conn: Connection) -> set[tuple[Any, ...]]:
    """What they should be."""
    return {tuple(row) for row in await (await conn.execute(_MESSAGES)).fetchall()}


async def miscounted(pool: Pool) -> set[tuple[Any, ...]]:
    """Rows that are in only one of both, while nothing changes."""
    async with long_transaction(pool) as conn:
        return await counted(conn) ^ await recounted(conn)

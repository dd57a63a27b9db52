"""Pages with messages that wait for a suspended account: who is to be told when that is over."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from store.pool import Pool

AT_A_TIME = 50
"""Pages that are told in one transaction."""

NOTED_FOR = 1.0
"""Seconds after which a page on record as waiting is told: by then its workflow has the answer of the choice."""

# From account to account along the index: every second, however many pages wait for however few accounts.
_TAKE = """
with recursive waited_for as (
    (select account_id from account_waits order by account_id limit 1)
    union all
    select (select w.account_id from account_waits w where w.account_id > before.account_id
            order by w.account_id limit 1)
    from waited_for before where before.account_id is not null
)
delete from account_waits where ctid = any(array(
    select w.ctid from waited_for join accounts a on a.id = waited_for.account_id and a.status <> 'suspended'
    join account_waits w on w.account_id = a.id
    where w.noted_at < clock_timestamp() - %s * interval '1 second'
    limit %s for update of w skip locked))
returning page_id
"""


async def note(pool: Pool, page_id: UUID, account_ids: Collection[int]) -> None:
    """Messages of these accounts wait in this page until they are no longer suspended; again is no error."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into account_waits (page_id, account_id) select %s, unnest(%s::bigint[])
               on conflict (account_id, page_id) do update set noted_at = excluded.noted_at""",
            (page_id, sorted(account_ids)),
        )


async def tell_resumed(pool: Pool, tell: Callable[[UUID], Awaitable[None]]) -> bool:
    """Tell pages that an account which they wait for is active again, or deleted. Returns whether there were any.

    A page is forgotten only when it was told: when ``tell`` raises, all of them are told again by the next call.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_TAKE, (NOTED_FOR, AT_A_TIME))).fetchall()
        await asyncio.gather(*(tell(page_id) for page_id in {page_id for (page_id,) in rows}))
        return bool(rows)

"""Pages with messages that wait for a suspended account: they are signalled when it is resumed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from store.pool import Pool

AT_A_TIME = 50
"""Pages that are signalled in one transaction."""

NOTED_FOR = 1.0
"""Seconds after which a waiting page is signalled: by then its workflow has the result of choose_gateway."""

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
    """Note that messages of this page wait for these suspended accounts. Idempotent."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into account_waits (page_id, account_id) select %s, unnest(%s::bigint[])
               on conflict (account_id, page_id) do update set noted_at = excluded.noted_at""",
            (page_id, sorted(account_ids)),
        )


async def signal_resumed(pool: Pool, signal: Callable[[UUID], Awaitable[None]]) -> bool:
    """Signal pages that wait for an account that is active again, or deleted. Returns whether there were any.

    A wait is deleted only once its page was signalled: if ``signal`` raises, the next call signals all of them again.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_TAKE, (NOTED_FOR, AT_A_TIME))).fetchall()
        await asyncio.gather(*(signal(page_id) for page_id in {page_id for (page_id,) in rows}))
        return bool(rows)

"""Pages with messages that wait for a suspended account: they are signalled when it is resumed."""

from collections.abc import Collection
from uuid import UUID

from store.pool import Pool
from store.waking import AT_A_TIME, NOTED_FOR, Signal, signal_taken

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


async def signal_resumed(pool: Pool, signal: Signal) -> bool:
    """Signal pages that wait for an account that is active again, or deleted, as ``signal_taken`` does."""
    return await signal_taken(pool, _TAKE, (NOTED_FOR, AT_A_TIME), signal)

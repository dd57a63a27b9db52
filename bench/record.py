"""Reads results from the database: when messages became final, and whether all are."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

from bench.tenant import Tenant
from bench.waiting import until
from domain.ids import PAGE_SIZE, message_uid
from store.pool import Pool

_STALLED = 60.0
"""Seconds without progress after which a run is given up."""
_POLL = 0.02


async def until_settled(tenant: Tenant, count: int) -> None:
    """Wait until ``count`` messages of a tenant were sent and paid: each costs one credit, and a wallet is one row.

    Raises:
        RuntimeError: no progress any more; the message has the states.
    """
    await until_counted(partial(spent, tenant), count, partial(states, tenant))


async def until_counted(
    look: Callable[[], Awaitable[int]], count: int, states: Callable[[], Awaitable[Mapping[str, int]]]
) -> None:
    """Wait until ``look`` finds so many.

    Raises:
        RuntimeError: no progress any more; the message has the states.
    """
    clock = asyncio.get_running_loop().time
    before, since = -1, clock()
    while (found := await look()) < count:
        if found != before:
            before, since = found, clock()
        if clock() - since > _STALLED:
            raise RuntimeError(f"{found} of {count}, then nothing: {await states()}")
        await asyncio.sleep(_POLL)


async def states(tenant: Tenant) -> dict[str, int]:
    """How many messages a tenant has in each state."""
    async with tenant.install.pool.connection() as conn:
        cursor = await conn.execute(
            "select state, count(*) from messages where account_id = %s group by 1", (tenant.id,)
        )
        return dict(await cursor.fetchall())


async def seconds_until_recorded(pool: Pool, begun: Mapping[UUID, float]) -> list[float]:
    """For messages and the times of their posts (Unix time): how long until their final state was recorded.

    The recorded times are read, which are by this machine's clock, so that polling late does no harm.

    Raises:
        TimeoutError: some do not become final.
    """
    uids = list(begun)
    ended = await until(partial(_ended, pool, uids), lambda found: len(found) == len(uids), _STALLED, _POLL)
    return [ended[uid] - begun[uid] for uid in begun]


async def open_attempts(pool: Pool, pages: Collection[UUID]) -> int:
    """How many messages of these pages are with a gateway right now."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from attempts a join unnest(%s::uuid[], %s::uuid[]) as p (first, last)
                   on a.uid between p.first and p.last
               where a.outcome is null""",
            (list(pages), [message_uid(page, PAGE_SIZE - 1) for page in pages]),
        )
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def serving(pool: Pool, queue: str) -> int:
    """How many live processes serve a task queue."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select count(*) from workers where %s = any(queues)", (queue,))
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def spent(tenant: Tenant) -> int:
    """How many messages of a tenant were sent and paid."""
    async with tenant.install.pool.connection() as conn:
        cursor = await conn.execute("select spent from wallets where account_id = %s and channel = 'sms'", (tenant.id,))
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _ended(pool: Pool, uids: Sequence[UUID]) -> dict[UUID, float]:
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select uid, extract(epoch from updated_at)::float8 from messages
               where uid = any(%s) and state not in ('scheduled', 'queued', 'processing')""",
            (list(uids),),
        )
        return dict(await cursor.fetchall())

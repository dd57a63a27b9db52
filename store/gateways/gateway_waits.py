"""Pages with messages that wait for a paused gateway: they are signalled when it is resumed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from store.pool import Pool

AT_A_TIME = 50
"""Pages that are signalled in one transaction."""

_TAKE = """
delete from gateway_waits where ctid = any(array(
    select w.ctid from gateway_waits w join gateways g on g.id = w.gateway_id
    where g.mode = 'active' or not g.enabled
    limit %s for update of w skip locked))
returning page_id
"""


async def note(pool: Pool, page_id: UUID, gateway_ids: Collection[UUID]) -> None:
    """Note that a page waits for any of these gateways. Idempotent."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into gateway_waits (page_id, gateway_id) select %s, unnest(%s::uuid[])
               on conflict (page_id, gateway_id) do nothing""",
            (page_id, list(gateway_ids)),
        )


async def signal_resumed(pool: Pool, signal: Callable[[UUID], Awaitable[None]]) -> bool:
    """Signal pages that wait for a gateway that is in use again, or was deleted. Returns whether there were any.

    A wait is deleted only once its page was signalled: if ``signal`` raises, the next call signals all of them again.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_TAKE, (AT_A_TIME,))).fetchall()
        await asyncio.gather(*(signal(page_id) for page_id in {page_id for (page_id,) in rows}))
        return bool(rows)

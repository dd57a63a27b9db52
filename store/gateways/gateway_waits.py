"""Pages with messages that wait for a paused gateway: who is to be told when it is resumed."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from store.pool import Pool

AT_A_TIME = 50
"""Pages that are told in one transaction."""

_TAKE = """
delete from gateway_waits where ctid = any(array(
    select w.ctid from gateway_waits w join gateways g on g.id = w.gateway_id
    where g.mode = 'active' or not g.enabled
    limit %s for update of w skip locked))
returning page_id
"""


async def note(pool: Pool, page_id: UUID, gateway_ids: Collection[UUID]) -> None:
    """A page waits for any of these gateways; again is no error."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into gateway_waits (page_id, gateway_id) select %s, unnest(%s::uuid[])
               on conflict (page_id, gateway_id) do nothing""",
            (page_id, list(gateway_ids)),
        )


async def tell_resumed(pool: Pool, tell: Callable[[UUID], Awaitable[None]]) -> bool:
    """Tell pages that a gateway which they wait for is in use again, or will never be. Returns whether there were any.

    A page is forgotten only when it was told: when ``tell`` raises, all of them are told again by the next call.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_TAKE, (AT_A_TIME,))).fetchall()
        await asyncio.gather(*(tell(page_id) for page_id in {page_id for (page_id,) in rows}))
        return bool(rows)

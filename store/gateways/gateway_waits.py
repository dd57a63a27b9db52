"""Pages with messages that wait for a paused gateway: they are signalled when it is resumed."""

from collections.abc import Collection
from uuid import UUID

from store.pool import Pool
from store.waking import AT_A_TIME, Signal, signal_taken

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


async def signal_resumed(pool: Pool, signal: Signal) -> bool:
    """Signal pages that wait for a gateway that is in use again, or was deleted, as ``signal_taken`` does."""
    return await signal_taken(pool, _TAKE, (AT_A_TIME,), signal)

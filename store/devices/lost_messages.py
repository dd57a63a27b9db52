"""Messages of devices that will never say what became of them."""

from uuid import UUID

from store.devices.reporting import End, write_ends
from store.pool import Connections


async def lose(store: Connections, device_id: UUID, code: str, reason: str) -> int:
    """End the messages that a device has as unknown: it may have sent them. Returns how many.

    ``store`` must be a transaction.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select uid, attempt from device_messages where device_id = %s and state = 'handed'
               order by uid, attempt for update""",
            (device_id,),
        )
        ends = [End(uid, attempt, "unknown", code, reason) for uid, attempt in await cursor.fetchall()]
        if ends:
            await write_ends(conn, ends)
        return len(ends)

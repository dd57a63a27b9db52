"""Addresses to which phones post what they received."""

from psycopg.rows import class_row

from domain.devices.messages import Session
from store.pool import Connections


async def session_of(store: Connections, digest: bytes) -> Session | None:
    """The session of the phone whose address has a secret of this digest."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(
            """select d.id as device_id, d.gateway_id, d.account_id, d.protocol, d.name, d.session as digest
               from devices d join accounts a on a.id = d.account_id
               where d.inbound = %s and d.state = 'active' and d.session is not null and a.status <> 'deleted'""",
            (digest,),
        )
        return await cursor.fetchone()

"""What is known of gateways' own numbers at WhatsApp."""

from uuid import UUID

from domain.whatsapp.numbers import NumberHealth, NumberReport
from store.pool import Connections, Pool


async def note_read(pool: Pool, gateway_id: UUID, read: NumberReport) -> None:
    """Keep what was read of a gateway's number."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into whatsapp_numbers as n (gateway_id, number, quality, messaging_limit, read_at)
               select id, %s, %s, %s, clock_timestamp() from gateways where id = %s
               on conflict (gateway_id) do update set number = excluded.number, quality = excluded.quality,
                   messaging_limit = coalesce(excluded.messaging_limit, n.messaging_limit),
                   read_at = excluded.read_at""",
            (read.number, read.quality, read.messaging_limit, gateway_id),
        )


async def note_report(store: Connections, gateway_id: UUID, report: NumberReport) -> None:
    """Keep what was reported, if it is about the gateway's number, as far as that is known. Older reports change
    nothing: they come twice, and not in their order."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into whatsapp_numbers as n (gateway_id, messaging_limit, event, reported_at)
               select id, %(limit)s, %(event)s, to_timestamp(%(at)s) from gateways where id = %(gateway)s
               on conflict (gateway_id) do update set
                   messaging_limit = coalesce(excluded.messaging_limit, n.messaging_limit),
                   event = coalesce(excluded.event, n.event), reported_at = excluded.reported_at
               where (n.number is null or %(number)s::text is null or n.number = %(number)s)
                 and coalesce(n.reported_at <= excluded.reported_at, true)""",
            {
                "gateway": gateway_id,
                "limit": report.messaging_limit,
                "event": report.event,
                "at": report.at,
                "number": report.number,
            },
        )


async def of_gateway(store: Connections, gateway_id: UUID) -> NumberHealth | None:
    """What is known of a gateway's number; ``None``: nothing."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select number, quality, messaging_limit, event, reported_at, read_at from whatsapp_numbers
               where gateway_id = %s""",
            (gateway_id,),
        )
        row = await cursor.fetchone()
        return NumberHealth(*row) if row else None

"""Sent messages and bad reports about them."""

from uuid import UUID

from domain.ids import message_uid, new_page_id
from store.pool import Pool


async def sent_messages(
    pool: Pool, account_id: int, gateway_id: UUID, count: int, channel: str = "email"
) -> list[UUID]:
    """Messages that a gateway has just accepted, as they are stored."""
    async with pool.connection() as conn:
        uids = [message_uid(new_page_id(), 0) for _ in range(count)]
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit, gateway_id)
               select uid, %s, %s, uid || '@example.com', 'sent', 0, 'free', %s from unnest(%s::uuid[]) as u (uid)""",
            (account_id, channel, gateway_id, uids),
        )
        await conn.execute(
            """insert into attempts (uid, attempt, gateway_id, run_id, outcome)
               select uid, 1, %s, uid, 'accepted' from unnest(%s::uuid[]) as u (uid)""",
            (gateway_id, uids),
        )
        await conn.execute(
            """insert into gateway_minutes
                   (gateway_id, minute, slot, accepted, refused, retry_later, gateway_down, unknown)
               values (%s, date_trunc('minute', clock_timestamp()), 1, %s, 0, 0, 0, 0)
               on conflict (gateway_id, minute, slot) do update
                   set accepted = gateway_minutes.accepted + excluded.accepted""",
            (gateway_id, count),
        )
    return uids


async def bad_reports(
    pool: Pool,
    account_id: int,
    gateway_id: UUID,
    count: int,
    kind: str = "complaint",
    channel: str = "email",
    batch_id: UUID | None = None,
) -> None:
    """Bad reports that have just come."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into bad_reports (account_id, gateway_id, channel, batch_id, kind)
               select %s, %s, %s, %s, %s from generate_series(1, %s)""",
            (account_id, gateway_id, channel, batch_id, kind, count),
        )

"""What the reputation guard pauses: an account's or a gateway's messages that are not transactional."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from domain.ids import PAGE_SIZE, index_of, message_uid
from domain.messages.page import PageHeader
from store.pool import Connections, Pool
from store.reputation.findings import BY


@dataclass(frozen=True, slots=True)
class GatewayPause:
    """A gateway through which only transactional messages are sent."""

    id: UUID
    gateway_id: UUID
    gateway: str
    """Its identifier."""
    channel: str
    reason: str
    created_at: datetime


async def pause_account(conn: Connections, account_id: int, channel: str, reason: str) -> bool:
    """Hold an account's messages that are not transactional. Returns whether nothing held them before."""
    async with conn.connection() as ours:
        cursor = await ours.execute(
            """insert into sending_pauses (account_id, channel, reason, paused_by, spares_transactional)
               values (%s, %s, %s, %s, true) on conflict do nothing""",
            (account_id, channel, reason, BY),
        )
        return cursor.rowcount == 1


async def pause_gateway(conn: Connections, gateway_id: UUID, reason: str) -> bool:
    """Have a gateway send transactional messages only. Returns whether it did not before."""
    async with conn.connection() as ours:
        cursor = await ours.execute(
            "insert into gateway_pauses (gateway_id, reason) values (%s, %s) on conflict do nothing",
            (gateway_id, reason),
        )
        return cursor.rowcount == 1


async def resume_gateway(conn: Connections, gateway_id: UUID) -> GatewayPause | None:
    """End a gateway's pause. Returns it; ``None``: there was none."""
    async with conn.connection() as ours, ours.cursor(row_factory=class_row(GatewayPause)) as cursor:
        await cursor.execute(
            """delete from gateway_pauses p using gateways g where p.gateway_id = %s and g.id = p.gateway_id
               returning p.id, p.gateway_id, g.identifier as gateway, g.channel, p.reason, p.created_at""",
            (gateway_id,),
        )
        return await cursor.fetchone()


async def gateway_pauses(pool: Connections) -> list[GatewayPause]:
    """All of them, the oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayPause)) as cursor:
        await cursor.execute(
            """select p.id, p.gateway_id, g.identifier as gateway, g.channel, p.reason, p.created_at
               from gateway_pauses p join gateways g on g.id = p.gateway_id order by p.created_at, p.id"""
        )
        return await cursor.fetchall()


async def of_account(pool: Connections, account_id: int, channel: str) -> str | None:
    """Why the guard holds an account's messages on a channel; ``None``: it does not."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select reason from sending_pauses
               where account_id = %s and channel = %s and spares_transactional""",
            (account_id, channel),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def not_transactional(pool: Pool, page: PageHeader, indexes: Collection[int]) -> list[int]:
    """Which of these messages may be held. Those of a batch are looked up: its page does not say."""
    if not page.stored:
        purposes = page.purposes_of(indexes)
        return [index for index, purpose in zip(indexes, purposes, strict=True) if purpose is not None]
    page_id = UUID(page.page_id)
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select uid from messages where uid between %s and %s and purpose is not null",
            (page_id, message_uid(page_id, PAGE_SIZE - 1)),
        )
        found = {index_of(uid) for (uid,) in await cursor.fetchall()}
    return [index for index in indexes if index in found]

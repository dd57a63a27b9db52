"""Reading the record of messages, always for one account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at handing a message to a gateway; ``outcome`` is ``None`` while the answer is awaited."""

    attempt: int
    gateway: str
    outcome: str | None
    provider_id: str | None
    code: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """The record of one message."""

    uid: UUID
    account_id: int
    channel: str
    recipient: str
    state: str
    code: str | None
    reason: str | None
    price: int
    credit: str
    gateway: str | None
    provider_id: str | None
    receipts: bool
    schedule_at: datetime | None
    created_at: datetime
    updated_at: datetime


_COLUMNS = """m.uid, m.account_id, m.channel, m.recipient, m.state, m.code, m.reason, m.price, m.credit,
    g.identifier as gateway, m.provider_id, m.receipts, m.schedule_at, m.created_at, m.updated_at"""


async def find(pool: Pool, account_id: int, channel: str, uid: UUID) -> Message | None:
    """An account's own message, or nothing: another account's is as unknown as one that never was."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from messages m left join gateways g on g.id = m.gateway_id
                where m.uid = %s and m.account_id = %s and m.channel = %s""",  # noqa: S608 - a constant of ours
            (uid, account_id, channel),
        )
        return await cursor.fetchone()


async def attempts(pool: Pool, uid: UUID) -> list[Attempt]:
    """Every try at a message, first to last. The caller has made sure whose message it is."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Attempt)) as cursor:
        await cursor.execute(
            """select a.attempt, coalesce(g.identifier, '(deleted)') as gateway, a.outcome, a.provider_id, a.code,
                      a.reason, a.started_at, a.ended_at
               from attempts a left join gateways g on g.id = a.gateway_id where a.uid = %s order by a.attempt""",
            (uid,),
        )
        return await cursor.fetchall()

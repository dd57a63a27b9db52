"""What the record has, read after the run by plain SQL."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Pool, patiently

WITHOUT_OUTCOME = ("scheduled", "queued", "processing")
BATCH_ENDS = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class Row:
    """A message."""

    uid: UUID
    account_id: int
    state: str
    code: str | None
    credit: str
    price: int
    fallback_uid: UUID | None
    updated_at: datetime
    answered_at: datetime | None
    """When its last try had its outcome."""


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt at a message."""

    uid: UUID
    attempt: int
    outcome: str | None
    reason: str | None
    started_at: datetime
    ended_at: datetime | None


async def messages(pool: Pool) -> dict[str, Row]:
    """All messages, by uid."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Row)) as cursor:
        await cursor.execute(
            """select m.uid, m.account_id, m.state, m.code, m.credit, m.price, m.fallback_uid, m.updated_at,
                      (select max(a.ended_at) from attempts a where a.uid = m.uid) as answered_at
               from messages m"""
        )
        return {str(row.uid): row for row in await cursor.fetchall()}


async def tries(pool: Pool) -> list[Try]:
    """All attempts that were lost, or whose outcome is still missing."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Try)) as cursor:
        await cursor.execute(
            """select uid, attempt, outcome, reason, started_at, ended_at from attempts
               where coalesce(outcome, 'unknown') = 'unknown'"""
        )
        return await cursor.fetchall()


async def batches(pool: Pool) -> dict[str, str]:
    """The state of each batch."""
    async with pool.connection() as conn:
        rows = await (await conn.execute("select id, state from batches")).fetchall()
        return {str(uid): state for uid, state in rows}


async def is_settled(pool: Pool) -> bool:
    """Whether each message has an outcome and each batch its end."""

    async def ask() -> bool:
        async with pool.connection() as conn:
            cursor = await conn.execute(
                """select not exists (select from messages where state = any(%s))
                          and not exists (select from batches where state not in ('completed', 'cancelled'))""",
                (list(WITHOUT_OUTCOME),),
            )
            row = await cursor.fetchone()
            return bool(row and row[0])

    return await patiently(ask)


async def wallets(pool: Pool) -> list[str]:
    """Where a wallet does not fit the messages of its account."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select w.account_id, w.channel, w.held, w.spent, coalesce(m.held, 0), coalesce(m.spent, 0)
               from wallets w left join (
                   select account_id, channel, sum(price) filter (where credit = 'held') as held,
                          sum(price) filter (where credit = 'captured') as spent
                   from messages group by account_id, channel) m using (account_id, channel)
               where w.held <> coalesce(m.held, 0) or w.spent <> coalesce(m.spent, 0)"""
        )
        return [
            f"account {account}, {channel}: wallet held {held}, spent {spent}; its messages {own_held} and {own_spent}"
            for account, channel, held, spent, own_held, own_spent in await cursor.fetchall()
        ]

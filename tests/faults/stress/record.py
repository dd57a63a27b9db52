"""What the record has, read after the run by plain SQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.accounts import credits
from store.pool import Pool, retry_until_available

WITHOUT_OUTCOME = ("scheduled", "queued", "processing")
BATCH_ENDS = ("completed", "cancelled")


@dataclass(frozen=True, slots=True)
class Row:
    """A message."""

    uid: UUID
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
    rows = await _read(
        pool,
        """select m.uid, m.state, m.code, m.credit, m.price, m.fallback_uid, m.updated_at,
                  (select max(a.ended_at) from attempts a where a.uid = m.uid)
           from messages m""",
    )
    return {str(row[0]): Row(*row) for row in rows}


async def tries(pool: Pool) -> list[Try]:
    """All attempts that were lost, or whose outcome is still missing.

    One that was answered only when the message was being sent again had been given up: for a while it was lost, too.
    """
    rows = await _read(
        pool,
        """select uid, attempt, case when outcome is not null then 'unknown' end, reason, started_at, ended_at
           from attempts a
           where coalesce(outcome, 'unknown') = 'unknown' or exists (
               select from attempts next
               where next.uid = a.uid and next.attempt > a.attempt and next.started_at < a.ended_at)""",
    )
    return [Try(*row) for row in rows]


async def batches(pool: Pool) -> dict[str, str]:
    """The state of each batch."""
    return {str(uid): state for uid, state in await _read(pool, "select id, state from batches")}


async def is_settled(pool: Pool) -> bool:
    """Whether each message has an outcome and each batch its end."""
    ((settled,),) = await _read(
        pool,
        """select not exists (select from messages where state = any(%s))
                  and not exists (select from batches where state <> all(%s))""",
        list(WITHOUT_OUTCOME),
        list(BATCH_ENDS),
    )
    return bool(settled)


async def wallets(pool: Pool) -> list[str]:
    """Where a wallet does not fit the messages of its account, or the journal."""
    rows = await _read(
        pool,
        """select w.account_id, w.channel, w.held, w.spent, coalesce(m.held, 0), coalesce(m.spent, 0)
           from wallets w left join (
               select account_id, channel, sum(price) filter (where credit = 'held') as held,
                      sum(price) filter (where credit = 'captured') as spent
               from messages group by account_id, channel) m using (account_id, channel)
           where w.held <> coalesce(m.held, 0) or w.spent <> coalesce(m.spent, 0)""",
    )
    return [str(one) for one in await retry_until_available(lambda: credits.audit(pool))] + [
        f"account {account}, {channel}: wallet held {held}, spent {spent}; its messages {own_held} and {own_spent}"
        for account, channel, held, spent, own_held, own_spent in rows
    ]


async def _read(pool: Pool, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What a query finds. A connection of the pool may be one to a server that was killed: then it is asked again."""

    async def ask() -> list[tuple[Any, ...]]:
        async with pool.connection() as conn:
            return await (await conn.execute(query, arguments)).fetchall()

    return await retry_until_available(ask)

"""Mails about wallets that have become low: which are to be sent, and who is sending them."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.pool import Pool

GIVE_UP_AFTER_HOURS = 24
"""A mail that could not be sent for so long is news no more."""


@dataclass(frozen=True, slots=True)
class LowWallet:
    """A wallet whose owner is to be told."""

    account_id: int
    email: str
    name: str
    channel: str
    available: int
    below: int
    low_since: datetime


_CLAIM = """
with due as (
    select c.account_id, c.channel, a.email, a.name, w.available,
           coalesce(c.amount, p.credits * c.percent / 100, 0) as below
    from credit_alerts c join accounts a on a.id = c.account_id and a.status <> 'deleted'
    join wallets w on w.account_id = c.account_id and w.channel = c.channel
    left join plan_channels p on p.plan_id = a.plan_id and p.channel = c.channel
    where c.mail_due <= clock_timestamp() and c.low_since > clock_timestamp() - %(hours)s * interval '1 hour'
    order by c.mail_due limit %(limit)s for update of c skip locked
)
update credit_alerts c set mail_due = clock_timestamp() + %(seconds)s * interval '1 second'
from due where c.account_id = due.account_id and c.channel = due.channel
returning c.account_id, due.email, due.name, c.channel, due.available, due.below, c.low_since
"""


async def claim(pool: Pool, seconds: float, limit: int) -> list[LowWallet]:
    """Take mails that are to be sent: for ``seconds`` nobody else does, unless ``sent`` says that it is done."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(LowWallet)) as cursor:
        await cursor.execute(_CLAIM, {"seconds": seconds, "limit": limit, "hours": GIVE_UP_AFTER_HOURS})
        return await cursor.fetchall()


async def sent(pool: Pool, wallet: LowWallet) -> None:
    """The mail needs no other try. One about a later time when the wallet became low is not meant."""
    async with pool.connection() as conn:
        await conn.execute(
            """update credit_alerts set mail_due = null
               where account_id = %s and channel = %s and low_since = %s""",
            (wallet.account_id, wallet.channel, wallet.low_since),
        )


async def drop(pool: Pool) -> None:
    """Send none of those that are due."""
    async with pool.connection() as conn:
        await conn.execute("update credit_alerts set mail_due = null where mail_due is not null")

"""Alerts of wallets that run low: what accounts want to hear, and what was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from domain.callbacks import EventType
from store.callbacks import callbacks
from store.callbacks.callbacks import Notice
from store.pool import Connections, Pool

_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a wallet is low; one of the two."""

    amount: int | None = None
    """Fewer credits than these are available."""
    percent: int | None = None
    """Less than this share of what the plan grants for a period is available."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of a wallet."""

    channel: str
    amount: int | None
    percent: int | None
    below: int | None
    """In credits; ``None``: the account's plan grants none here, so it never is."""
    low_since: datetime | None
    """``None``: it was not low when it was looked at last."""


@dataclass(frozen=True, slots=True)
class _Turned:
    account_id: int
    channel: str
    available: int
    below: int
    low_since: datetime | None


_BELOW = "coalesce(c.amount, nullif(p.credits, 0) * c.percent / 100)"
_PLAN = "left join plan_channels p on p.plan_id = a.plan_id and p.channel = c.channel"


async def of_account(pool: Connections, account_id: int) -> list[Alert]:
    """An account's alerts, by channel."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(
            f"""select c.channel, c.amount, c.percent, {_BELOW} as below, c.low_since
                from credit_alerts c join accounts a on a.id = c.account_id {_PLAN}
                where c.account_id = %s order by c.channel""",  # noqa: S608 - constants of ours
            (account_id,),
        )
        return await cursor.fetchall()


async def put(pool: Connections, account_id: int, wanted: Mapping[str, Threshold]) -> None:
    """Have an account hear of these wallets, and of no others. One that is low is not told again."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select from accounts where id = %s for update", (account_id,))
        await conn.execute(
            "delete from credit_alerts where account_id = %s and channel <> all(%s::text[])",
            (account_id, list(wanted)),
        )
        await conn.execute(
            """insert into credit_alerts (account_id, channel, amount, percent)
               select %s, * from unnest(%s::text[], %s::bigint[], %s::smallint[])
               on conflict (account_id, channel) do update set amount = excluded.amount, percent = excluded.percent""",
            (
                account_id,
                list(wanted),
                [threshold.amount for threshold in wanted.values()],
                [threshold.percent for threshold in wanted.values()],
            ),
        )


# Only wallets with an alert are read, so a send costs nothing more; several processes may look at a time.
_TURN = f"""
with turned as (
    select c.account_id, c.channel, w.available, {_BELOW} as below, w.available < {_BELOW} as is_low
    from credit_alerts c join accounts a on a.id = c.account_id and a.status <> 'deleted'
    join wallets w on w.account_id = c.account_id and w.channel = c.channel {_PLAN}
    where coalesce(w.available < {_BELOW}, false) <> (c.low_since is not null)
    order by c.account_id, c.channel limit %(limit)s for update of c skip locked
)
update credit_alerts c set low_since = case when t.is_low then clock_timestamp() end,
                           mail_due = case when t.is_low then clock_timestamp() end
from turned t where c.account_id = t.account_id and c.channel = t.channel
returning c.account_id, c.channel, t.available, coalesce(t.below, 0) as below, c.low_since
"""  # noqa: S608 - constants of ours


async def tell(pool: Pool) -> set[UUID]:
    """Note which wallets have become low, and which are not any more; those that have are told once: by
    callback, and their mails are due.

    Returns the endpoints to wake.
    """
    endpoints: set[UUID] = set()
    while True:
        async with pool.connection() as conn, conn.transaction():
            async with conn.cursor(row_factory=class_row(_Turned)) as cursor:
                await cursor.execute(_TURN, {"limit": _AT_A_TIME})
                turned = await cursor.fetchall()
            if notices := [_notice(one, one.low_since) for one in turned if one.low_since]:
                endpoints |= await callbacks.queue(conn, notices)
        if len(turned) < _AT_A_TIME:
            return endpoints


def _notice(wallet: _Turned, since: datetime) -> Notice:
    data = {
        "channel": wallet.channel,
        "available": wallet.available,
        "below": wallet.below,
        "user_id": wallet.account_id,
        "at": since,
    }
    return Notice(wallet.account_id, EventType.CREDIT_LOW, None, since, data, f"{wallet.channel}|{since.isoformat()}")

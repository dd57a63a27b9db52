"""Bad reports of providers and recipients, and how many messages they are of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg

from store.pool import Connections, Pool, long_transaction

KEPT_DAYS = 8
"""How long bad reports are kept: longer than any window, and than the time between two warnings."""

_COUNT_MS = 1000
"""How long a count may take: a few hundred thousand messages are read in this time."""
_LOCK = 0x78737270  # "xsrp": one guard at a time


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a rate is of: one of an account, a gateway, a batch; on a channel."""

    kind: str
    """``account``, ``gateway`` or ``batch``."""
    id: str
    account_id: int
    """Whose account or batch it is, or who has the gateway; 0: the admin."""
    channel: str

    @property
    def gateway_id(self) -> UUID | None:
        """Of a gateway."""
        return UUID(self.id) if self.kind == "gateway" else None

    @property
    def batch_id(self) -> UUID | None:
        """Of a batch."""
        return UUID(self.id) if self.kind == "batch" else None


def of_account(account_id: int, channel: str) -> Subject:
    """An account on a channel."""
    return Subject("account", str(account_id), account_id, channel)


async def take_turn(conn: Connections) -> bool:
    """Keep all others from judging until the transaction ends. Returns whether nobody else is at it."""
    async with conn.connection() as ours:
        row = await (await ours.execute("select pg_try_advisory_xact_lock(%s)", (_LOCK,))).fetchone()
        return bool(row and row[0])


# Gateways of accounts are judged with their account: only those of the admin are used by several.
_CLAIM = """
with claimed as (
    update bad_reports set is_new = false
    where id = any(array(select id from bad_reports where is_new order by id limit %s))
    returning account_id, gateway_id, channel, batch_id
)
select 'account', c.account_id::text, c.account_id, c.channel from claimed c where c.account_id > 0 group by 3, 4
union all
select 'gateway', g.id::text, 0, g.channel from (select distinct gateway_id as id from claimed) c
    join gateways g on g.id = c.id where g.account_id = 0
union all
select 'batch', c.batch_id::text, c.account_id, c.channel from claimed c where c.batch_id is not null group by 2, 3, 4
"""


async def claim(conn: Connections, limit: int) -> list[Subject]:
    """Take reports that were not seen. Returns what they are about, in one order; empty: there are none."""
    async with conn.connection() as ours:
        cursor = await ours.execute(_CLAIM, (limit,))
        return sorted(Subject(*row) for row in await cursor.fetchall())


_IS_ABOUT = {
    "account": "account_id = %(account)s and channel = %(channel)s",
    "gateway": "gateway_id = %(gateway)s",
    "batch": "batch_id = %(batch)s",
}
_SINCE = """greatest(clock_timestamp() - coalesce(%(hours)s::integer, 24 * 3650) * interval '1 hour',
                     %(since)s::timestamptz)"""


async def count_bad(conn: Connections, subject: Subject, kind: str, hours: int | None, since: datetime | None) -> int:
    """How many bad reports of a kind came in the last ``hours``, and after ``since``."""
    statement = f"""select count(*) from bad_reports
                    where {_IS_ABOUT[subject.kind]} and at > {_SINCE} and kind = %(kind)s"""  # noqa: S608 - ours
    return await _count(conn, statement, {**_named(subject, hours, since), "kind": kind})


# Uids are in the order of time, and choose the partitions. What no gateway has had was not sent.
_SENT = {
    "account": f"""select count(*) from (
        select from messages m
        where m.account_id = %(account)s and m.uid >= uid_at({_SINCE}) and m.uid < uid_at(clock_timestamp())
              and m.channel = %(channel)s and m.gateway_id is not null and not m.test
              and m.state not in ('scheduled', 'queued', 'processing')
        limit %(limit)s) as found""",  # noqa: S608 - a constant of ours
    "gateway": f"""select least(coalesce(sum(accepted), 0), %(limit)s) from gateway_minutes
        where gateway_id = %(gateway)s and minute >= date_trunc('minute', {_SINCE})""",  # noqa: S608 - ours
    "batch": """select count(*) from (
        select from messages m
        where m.uid between %(batch)s and %(last)s and m.gateway_id is not null
              and m.updated_at > coalesce(%(since)s::timestamptz, '-infinity')
              and m.state not in ('scheduled', 'queued', 'processing')
        limit %(limit)s) as found""",
}


async def count_sent(
    conn: Connections, subject: Subject, hours: int | None, since: datetime | None, most: int, last: UUID | None = None
) -> int:
    """How many messages were sent in that time: ``most`` stands for as many or more, or for too many to count.

    ``last``: the last uid of a batch.
    """
    asked = {**_named(subject, hours, since), "limit": most, "last": last}
    async with conn.connection() as ours:
        try:
            async with ours.transaction():
                await ours.execute(f"set local statement_timeout = {_COUNT_MS}")
                row = await (await ours.execute(_SENT[subject.kind], asked)).fetchone()
                await ours.execute("set local statement_timeout to default")
        except psycopg.errors.QueryCanceled:  # one huge account must not keep the guard from the others
            return most
    assert row is not None
    return int(row[0])


async def delete_old(pool: Pool, days: int = KEPT_DAYS) -> None:
    """Delete reports older than ``days``."""
    async with long_transaction(pool) as conn:
        await conn.execute("delete from bad_reports where at < clock_timestamp() - %s * interval '1 day'", (days,))


def _named(subject: Subject, hours: int | None, since: datetime | None) -> dict[str, object]:
    about = {"account": subject.account_id, "gateway": subject.gateway_id, "batch": subject.batch_id}
    return {**about, "channel": subject.channel, "hours": hours, "since": since}


async def _count(conn: Connections, statement: str, asked: dict[str, object]) -> int:
    async with conn.connection() as ours:
        row = await (await ours.execute(statement, asked)).fetchone()
    assert row is not None
    return int(row[0])


async def channels_used(pool: Connections, account_id: int) -> list[str]:
    """Channels with a bad report of an account that is kept."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select distinct channel from bad_reports where account_id = %s order by channel", (account_id,)
        )
        return [channel for (channel,) in await cursor.fetchall()]

"""What an install may soon lack, or does badly: gateways that fail, phones that are away, what ends, what fills up."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.messages.page import ADMIN_ACCOUNT
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class FailingGateway:
    """A gateway through which many messages do not get."""

    channel: str
    gateway: str
    account_id: int
    """The owner; 0: the admin."""
    failed: int
    """Attempts that were refused, met a gateway that did not work, or had no answer."""
    attempts: int


# Gateway by gateway: its latest minutes are side by side in the index, those of all gateways are not.
_FAILING = """
select g.channel, g.identifier as gateway, g.account_id, m.failed, m.attempts
from gateways g cross join lateral (
    select coalesce(sum(refused + gateway_down + unknown), 0)::bigint as failed,
           coalesce(sum(accepted + refused + retry_later + gateway_down + unknown), 0)::bigint as attempts
    from gateway_minutes
    where gateway_id = g.id and minute > clock_timestamp() - %(minutes)s * interval '1 minute') as m
where g.deleted_at is null and g.enabled and m.attempts >= %(least)s and m.failed > %(share)s * m.attempts
order by m.failed desc, g.id limit %(limit)s
"""


async def failing_gateways(
    store: Connections, minutes: float, least: int, share: float, limit: int
) -> list[FailingGateway]:
    """Those with at least ``least`` attempts in the last ``minutes`` of which more than ``share`` failed, the most
    failures first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(FailingGateway)) as cursor:
        await cursor.execute(_FAILING, {"minutes": minutes, "least": least, "share": share, "limit": limit})
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Phones:
    """Phones that are paired."""

    all: int
    away: int
    of_admin: int
    """Of the gateways of the install itself."""
    of_admin_away: int


async def phones(store: Connections, seconds: float) -> Phones:
    """How many there are, and how many have not called for so long."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Phones)) as cursor:
        await cursor.execute(
            """select count(*) as all, count(*) filter (where is_away) as away,
                      count(*) filter (where of_admin) as of_admin,
                      count(*) filter (where of_admin and is_away) as of_admin_away
               from (select account_id = %s as of_admin,
                            coalesce(seen_at, linked_at) < clock_timestamp() - %s * interval '1 second' as is_away
                     from devices where state = 'active') as d""",
            (ADMIN_ACCOUNT, seconds),
        )
        found = await cursor.fetchone()
    assert found is not None
    return found


async def low_wallets(store: Connections, limit: int) -> tuple[int, list[tuple[int, str]]]:
    """Wallets below the amount at which their alert is set: how many, and account and channel of the latest."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select c.account_id, c.channel, count(*) over () from credit_alerts c
               join accounts a on a.id = c.account_id and a.status <> 'deleted'
               where c.low_since is not null order by c.low_since desc, c.account_id, c.channel limit %s""",
            (limit,),
        )
        rows = await cursor.fetchall()
    return (rows[0][2] if rows else 0), [(account_id, channel) for account_id, channel, _ in rows]


@dataclass(frozen=True, slots=True)
class Ending:
    """A token or a key with an end."""

    what: str
    """``lead_source``, ``admin_key`` or ``staff_key``."""
    name: str
    """The source's key, or the id of the key, which opens nothing."""
    account_id: int
    ends_at: datetime
    rest: float
    """Seconds until then; negative: it has ended."""


_ENDING = """
select what, name, account_id, ends_at, extract(epoch from ends_at - clock_timestamp())::float8 as rest
from (
    select 'lead_source' as what, key as name, account_id, token_until as ends_at
    from lead_sources
    where token_until between clock_timestamp() - %(days)s * interval '1 day'
                          and clock_timestamp() + %(days)s * interval '1 day' and state <> 'disabled'
    union all
    select k.kind || '_key', k.id, k.account_id, k.expires_at
    from api_keys k join key_uses u on u.key_id = k.id and u.last_used_at > clock_timestamp() - interval '1 day'
    where k.account_id = %(admin)s and k.revoked_at is null
      and k.expires_at between clock_timestamp() and clock_timestamp() + %(days)s * interval '1 day'
) as e order by ends_at, name limit %(limit)s
"""


async def ending(store: Connections, days: float, limit: int) -> list[Ending]:
    """What ends within ``days``, and tokens that ended in the last ones; of keys those of admins and staff that were
    used in the last day. The first to end comes first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Ending)) as cursor:
        await cursor.execute(_ENDING, {"days": days, "limit": limit, "admin": ADMIN_ACCOUNT})
        return await cursor.fetchall()


async def bytes_of_databases(store: Connections) -> int:
    """What all databases of the server take, as far as the role may see them; without the logs of changes (WAL)."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select sum(pg_database_size(oid))::bigint from pg_database
                   where datallowconn and has_database_privilege(oid, 'connect')"""
            )
        ).fetchone()
    assert row is not None
    return int(row[0])

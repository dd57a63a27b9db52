"""Listings of the gateways that an account may see, without their configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.gateways.gateways import INFO, GatewayInfo
from store.pool import Connections, Pool

# An account sees what it owns, and what it may use; without one, everything is seen.
_SEEN = """g.id in (
    select own.id from gateways own where own.account_id = %(account)s
    union select usable_gateways(a.id, a.plan_id) from accounts a where a.id = %(account)s)
"""

_AFTER = """(%(after)s::uuid is null or
    (g.created_at, g.id) > (select c.created_at, c.id from gateways c where c.id = %(after)s))
order by g.created_at, g.id limit %(limit)s
"""


async def find(pool: Pool, gateway_id: UUID, account_id: int | None) -> GatewayInfo | None:
    """A gateway; with an account only if that account sees it."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        seen = "true" if account_id is None else _SEEN
        await cursor.execute(f"{INFO} and g.id = %(id)s and {seen}", {"account": account_id, "id": gateway_id})
        return await cursor.fetchone()


async def visible(pool: Pool, account_id: int | None, after: UUID | None, limit: int) -> list[GatewayInfo]:
    """The gateways that an account sees, or all, oldest first; with ``after`` those that follow it."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        seen = "true" if account_id is None else _SEEN
        arguments = {"account": account_id, "after": after, "limit": limit}
        await cursor.execute(f"{INFO} and {seen} and {_AFTER}", arguments)
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which gateways staff lists; ``None``: all."""

    channel: str | None = None
    type: str | None = None
    owner: int | None = None
    """0 is the admin."""
    states: Sequence[str] = ()
    """Modes, or ``disabled``. Empty: all."""


_PAGE = f"""{INFO}
    and (%(channel)s::text is null or g.channel = %(channel)s)
    and (%(type)s::text is null or g.type = %(type)s)
    and (%(owner)s::bigint is null or g.account_id = %(owner)s)
    and (%(states)s::text[] = '{{}}' or case when g.enabled then g.mode else 'disabled' end = any(%(states)s))
    and (%(at)s::timestamptz is null or (g.created_at, g.id) < (%(at)s, %(id)s::uuid))
order by g.created_at desc, g.id desc limit %(limit)s
"""


async def page(pool: Connections, wanted: Filter, after: tuple[datetime, UUID] | None, limit: int) -> list[GatewayInfo]:
    """Gateways after one added at a time, with an id; the newest first."""
    values = {
        "channel": wanted.channel,
        "type": wanted.type,
        "owner": wanted.owner,
        "states": list(wanted.states),
        "at": after and after[0],
        "id": after and after[1],
        "limit": limit,
    }
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(_PAGE, values)
        return await cursor.fetchall()

"""Listings of the gateways that an account may see, without their configuration."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    states: Sequence[str] | None = None
    """Modes, or ``disabled``."""


_CONDITIONS = {
    "channel": "g.channel = %(channel)s",
    "type": "g.type = %(type)s",
    "owner": "g.account_id = %(owner)s",
    "states": "case when g.enabled then g.mode else 'disabled' end = any(%(states)s)",
}


async def page(pool: Connections, wanted: Filter, after: tuple[datetime, UUID] | None, limit: int) -> list[GatewayInfo]:
    """Gateways after one added at a time, with an id; the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    conditions = [_CONDITIONS[name] for name in given]
    if after is not None:
        conditions.append("(g.created_at, g.id) < (%(at)s, %(id)s)")
        given |= {"at": after[0], "id": after[1]}
    narrowed = "".join(f" and {condition}" for condition in conditions)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(
            f"{INFO}{narrowed} order by g.created_at desc, g.id desc limit %(limit)s", given | {"limit": limit}
        )
        return await cursor.fetchall()


async def ids_named(pool: Connections, text: str) -> list[UUID]:
    """The gateways of all owners that have this id or identifier, deleted ones too."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id from gateways where identifier = %(text)s
               union select id from gateways where id = %(id)s""",
            {"text": text, "id": _id(text)},
        )
        return [gateway_id for (gateway_id,) in await cursor.fetchall()]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def of_owners(store: Connections, account_ids: Sequence[int], *, lock: bool) -> list[GatewayInfo]:
    """The gateways that these accounts own; ``lock``: nobody else changes them until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        owners = list(account_ids)
        if lock:
            await cursor.execute(
                """select from gateways where account_id = any(%s) and deleted_at is null order by id
                   for no key update""",
                (owners,),
            )
        await cursor.execute(f"{INFO} and g.account_id = any(%s) order by g.created_at, g.id", (owners,))
        return await cursor.fetchall()


async def may_use_others(pool: Connections, account_id: int, types: Sequence[str]) -> bool:
    """Whether an account may send through an enabled gateway that is of none of these types."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select exists (
                   select from accounts a cross join lateral usable_gateways(a.id, a.plan_id) as way (id)
                       join gateways g on g.id = way.id
                   where a.id = %s and g.enabled and g.type <> all(%s::text[]))""",
            (account_id, list(types)),
        )
        row = await cursor.fetchone()
    assert row is not None
    return bool(row[0])

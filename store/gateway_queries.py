"""Reading gateways for those who may see them, without their configuration."""

from uuid import UUID

from psycopg.rows import class_row

from store.gateways import INFO, USABLE, GatewayInfo
from store.pool import Pool

# An account sees what it owns, and what it may use; without one, everything is seen.
_VISIBLE = f"""
{INFO} left join accounts a on a.id = %(account)s
where (%(account)s::bigint is null or g.account_id = a.id or {USABLE})
"""

_PAGE = f"""
{_VISIBLE} and (%(after)s::uuid is null or
    (g.created_at, g.id) > (select c.created_at, c.id from gateways c where c.id = %(after)s))
order by g.created_at, g.id limit %(limit)s
"""  # noqa: S608 - a constant of ours


async def find(pool: Pool, gateway_id: UUID, account_id: int | None) -> GatewayInfo | None:
    """A gateway; with an account only if that account sees it."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(f"{_VISIBLE} and g.id = %(id)s", {"account": account_id, "id": gateway_id})
        return await cursor.fetchone()


async def visible(pool: Pool, account_id: int | None, after: UUID | None, limit: int) -> list[GatewayInfo]:
    """The gateways that an account sees, or all, oldest first; with ``after`` those that follow it."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(GatewayInfo)) as cursor:
        await cursor.execute(_PAGE, {"account": account_id, "after": after, "limit": limit})
        return await cursor.fetchall()

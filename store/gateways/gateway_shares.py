"""Shares: which accounts may use which gateways of others."""

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.errors import NotFoundError
from store.pool import Connections


async def share(pool: Connections, gateway_id: UUID, account_id: int) -> None:
    """Let an account use a gateway. Idempotent.

    Raises:
        NotFoundError: there is no such gateway, or no such account.
    """
    async with pool.connection() as conn:
        await share_on(conn, gateway_id, account_id)


async def share_on(conn: AsyncConnection[Any], gateway_id: UUID, account_id: int) -> None:
    """``share`` as a part of the caller's transaction."""
    cursor = await conn.execute(
        """insert into gateway_shares as s (gateway_id, account_id)
           select g.id, a.id from gateways g, accounts a
           where g.id = %s and g.deleted_at is null and a.id = %s and a.status <> 'deleted'
           on conflict (gateway_id, account_id) do update set account_id = s.account_id""",
        (gateway_id, account_id),
    )
    if cursor.rowcount == 0:
        raise NotFoundError("account_not_found", f"There is no user {account_id} to share the gateway with.")


async def unshare(pool: Connections, gateway_id: UUID, account_id: int) -> None:
    """Remove a share.

    Raises:
        NotFoundError: the gateway is not shared with this account.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "delete from gateway_shares where gateway_id = %s and account_id = %s", (gateway_id, account_id)
        )
    if cursor.rowcount == 0:
        raise NotFoundError("share_not_found", f"The gateway is not shared with user {account_id}.")

"""What accounts want of the links in their messages."""

from typing import Any

import orjson

from store.pool import Connections

OF_ACCOUNT = """case when a.links is not null then a.links || jsonb_build_object('domain', (
           select d.domain from link_domains d where d.account_id = a.id and d.state in ('verified', 'failing')
           order by d.id desc limit 1)) end"""
"""For ``LinkRules.of``, of the accounts ``a``."""


async def read(store: Connections, account_id: int, *, lock: bool = False) -> dict[str, Any]:
    """An account's settings, without those that it never set.

    ``lock``: nobody changes them until the transaction ends.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"select links from accounts where id = %s {'for no key update' if lock else ''}",  # noqa: S608 - a constant
            (account_id,),
        )
        row = await cursor.fetchone()
    return (row and row[0]) or {}


async def write(store: Connections, account_id: int, settings: dict[str, Any]) -> None:
    """Replace an account's settings."""
    async with store.connection() as conn:
        await conn.execute(
            "update accounts set links = %s::jsonb where id = %s", (orjson.dumps(settings).decode(), account_id)
        )

"""Purposes of accounts: those that they made, and the built-in ones that they changed."""

from collections.abc import Sequence
from typing import Any, LiteralString

from domain.audience.purposes import Purpose
from store.pool import Connections

OF_ACCOUNT: LiteralString = """(
    select array_agg(json_build_array(x.key, x.name, x.channels, x.opt_in, x.public, x.transactional)
                     order by x.created_at, x.key)
    from purposes x where x.account_id = a.id and x.removed_at is null)"""
"""What ``read`` takes, of an account ``a``."""


def read(rows: Sequence[Sequence[Any]] | None) -> tuple[Purpose, ...]:
    """Purposes from ``OF_ACCOUNT``."""
    return tuple(
        Purpose(key, name, tuple(channels), "opt_in" if opt_in else "opt_out", public, transactional)
        for key, name, channels, opt_in, public, transactional in rows or ()
    )


async def of_account(store: Connections, account_id: int, *, lock: bool = False) -> tuple[Purpose, ...]:
    """The purposes that an account made or changed; ``lock``: nobody else changes any until the transaction ends."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"select {OF_ACCOUNT} from accounts a where a.id = %s{' for no key update of a' if lock else ''}",  # noqa: S608
            (account_id,),
        )
        row = await cursor.fetchone()
    return read(row[0] if row else None)


async def put(store: Connections, account_id: int, purpose: Purpose) -> None:
    """Write a purpose, or write it anew; holds and dispatches of the account ask for consent from then on."""
    async with store.connection() as conn:
        await conn.execute(
            """with asks as (update accounts set asks_consent = true where id = %(account)s and not asks_consent)
               insert into purposes (account_id, key, name, channels, opt_in, public, transactional)
               values (%(account)s, %(key)s, %(name)s, %(channels)s, %(opt_in)s, %(public)s, %(transactional)s)
               on conflict (account_id, key) do update set
                   name = excluded.name, channels = excluded.channels, opt_in = excluded.opt_in,
                   public = excluded.public, transactional = excluded.transactional, removed_at = null""",
            {
                "account": account_id,
                "key": purpose.key,
                "name": purpose.name,
                "channels": list(purpose.channels),
                "opt_in": purpose.default == "opt_in",
                "public": purpose.public,
                "transactional": purpose.transactional,
            },
        )


async def remove(store: Connections, account_id: int, key: str) -> None:
    """Have no more messages name a purpose. Its rules stay for those that wait."""
    async with store.connection() as conn:
        await conn.execute(
            "update purposes set removed_at = clock_timestamp() where account_id = %s and key = %s", (account_id, key)
        )

"""Copies of emails: opted-out addresses in ``cc``, and prices without them."""

from collections.abc import Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from store.pool import Pool

_UNWANTED = """
select address from unnest(%s::text[]) as address
where exists (select from suppressions s where s.channel = 'email' and s.account_id = {account}
    and recipient_key(s.channel, s.recipient) = recipient_key('email', address)
    and (s.until is null or s.until > clock_timestamp()))
"""


async def opted_out(pool: Pool, account_id: int, addresses: Sequence[str]) -> set[str]:
    """Which of these addresses have opted out of an account's emails."""
    return await _opted_out(pool, _UNWANTED.format(account="%s"), account_id, addresses)


async def opted_out_of(pool: Pool, uid: UUID, addresses: Sequence[str]) -> set[str]:
    """Which of these addresses have opted out of emails of a message's account."""
    account = "(select account_id from messages where uid = %s)"
    return await _opted_out(pool, _UNWANTED.format(account=account), uid, addresses)


async def _opted_out(pool: Pool, query: LiteralString, whose: int | UUID, addresses: Sequence[str]) -> set[str]:
    async with pool.connection() as conn:
        return {address for (address,) in await (await conn.execute(query, (list(addresses), whose))).fetchall()}


async def set_prices(pool: Pool, prices: Mapping[UUID, int]) -> None:
    """Change the prices of a batch's messages, as long as no credit is held for them."""
    async with pool.connection() as conn:
        await conn.execute(
            """update messages m set price = u.price from unnest(%s::uuid[], %s::integer[]) as u (uid, price)
               where m.uid = u.uid and m.credit = 'pending'""",
            (list(prices), list(prices.values())),
        )

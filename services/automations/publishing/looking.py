"""Has runs be looked at of which something was published, or whose automation was archived."""

from store.automations.publishing import looks
from store.pool import InTransaction, Pool, long_transaction

_AT_A_TIME = 500
"""Runs of one transaction: others wait so long for those that it has."""


async def look_at_published(pool: Pool) -> None:
    """Have all runs that are meant be due. Safe to repeat, and to be killed."""
    while (look := await looks.first(pool)) is not None:
        async with long_transaction(pool) as conn:
            found = await looks.to_look_at(InTransaction(conn), look)
        for begin in range(0, len(found), _AT_A_TIME):
            await looks.look_soon(pool, found[begin : begin + _AT_A_TIME])
        await looks.done(pool, look)

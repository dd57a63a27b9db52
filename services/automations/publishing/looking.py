"""Has runs be looked at of which something was published, or whose automation was archived."""

from temporalio.client import Client

from services.automations.starting import wake
from store.automations.publishing import looks
from store.pool import InTransaction, Pool, long_transaction

_AT_A_TIME = 500
"""Runs of one transaction: others wait so long for those that it has."""


async def look_at_published(pool: Pool, client: Client) -> None:
    """Wake all runs that are meant. Safe to repeat, and to be killed.

    Raises:
        RPCError: Temporal does not answer.
    """
    while (look := await looks.first(pool)) is not None:
        async with long_transaction(pool) as conn:
            found = await looks.to_look_at(InTransaction(conn), look)
        for begin in range(0, len(found), _AT_A_TIME):
            some = found[begin : begin + _AT_A_TIME]
            await looks.look_soon(pool, some)
            await wake(client, some, starts=True)
        await looks.done(pool, look)

"""The rates of plans, as prices depend on them."""

from collections.abc import Sequence
from typing import Any

from domain.messages.prices import Rate
from store.pool import Connections

Rates = tuple[int, list[Rate]]
"""Their version, and the rates."""


async def of_accounts(pool: Connections, account_ids: Sequence[int]) -> dict[int, Rates]:
    """The rates of the plans of these accounts, of those that have any."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select a.id, p.rates_version, p.rates from accounts a join plans p on p.id = a.plan_id
               where a.id = any(%s::bigint[]) and p.rates_version is not null""",
            (list(account_ids),),
        )
        return {account: (version, _read(rates)) for account, version, rates in await cursor.fetchall()}


def _read(rates: list[dict[str, Any]]) -> list[Rate]:
    return [Rate(rate["channel"], rate["prefix"] or "", rate["category"], rate["credits"]) for rate in rates]

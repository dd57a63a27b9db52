"""Prices by the rates of plans, kept in each process by their version, which comes with the look-up of the key."""

from collections import OrderedDict
from functools import partial

from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.prices import FREE, ONE_EACH, Prices, priced
from store.accounts import rates
from store.pool import Connections
from store.shared_lookup import SharedLookup

_MOST_KEPT = 32
"""Of some 300 kB at the most."""


class PlanPrices:
    """The prices of accounts. A changed plan has another version, so what is kept need never be told to go."""

    def __init__(self, pool: Connections) -> None:
        self._read = SharedLookup(partial(rates.of_accounts, pool))
        self._kept: OrderedDict[int, Prices] = OrderedDict()

    async def of(self, account_id: int, version: int | None) -> Prices:
        """The prices of an account, the rates of whose plan have this version; ``None``: it has none."""
        if account_id == ADMIN_ACCOUNT:
            return FREE
        if version is None:
            return ONE_EACH
        if version in self._kept:
            self._kept.move_to_end(version)
            return self._kept[version]
        found = await self._read.get(account_id)
        if found is None:  # they were removed since the version was read
            return ONE_EACH
        version, listed = found
        prices = self._kept[version] = priced(listed)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return prices

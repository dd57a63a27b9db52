"""What decides how an account's recipients are read, for what is sent without a request."""

from collections.abc import Mapping
from typing import Any

from domain.links.shortening import LinkRules
from domain.messages.page import ADMIN_ACCOUNT
from services.accounts.rates import PlanPrices
from services.contacts.read import Terms
from services.settings.current import read_current
from store.accounts import sending_terms
from store.accounts.sending_terms import SendingTerms
from store.pool import Pool


class SendingTermsReader:
    """Reads terms in this process."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._environment = environment
        self._prices = PlanPrices(pool)

    async def of(self, account_id: int) -> tuple[SendingTerms, Terms] | None:
        """The terms of an account; ``None``: there is none."""
        of_account = await sending_terms.read(self._pool, account_id)
        if of_account is None:
            return None
        install = await read_current(self._pool, self._environment)
        return of_account, Terms(
            install.default_time_zone if account_id == ADMIN_ACCOUNT else of_account.time_zone,
            of_account.default_region or install.default_region,
            account_id,
            install.public_url,
            countries=install.countries_with(of_account.plan_countries),
            prices=await self._prices.of(account_id, of_account.rates_version),
            links=LinkRules.of(of_account.links, install.public_url),
        )

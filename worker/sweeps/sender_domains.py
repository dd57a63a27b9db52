"""Checks the records of sender domains when it is time, each every few hours."""

import asyncio

import structlog
from temporalio.client import Client

from domain.access.actors import SYSTEM
from domain.errors import XsenderError
from gateways.net.txt_lookup import TxtLookup
from services.callbacks import wake
from services.changes import change
from services.domains.look_up import look_up
from services.domains.rules import note_check
from store.accounts import sender_domains
from store.accounts.sender_domains import SenderDomain
from store.pool import Pool
from workflows.policy import CALLBACK_QUEUE

log = structlog.get_logger()

AT_A_TIME = 8
"""Domains that are looked up side by side."""
_ROUND = 200
_CLAIMED = 900.0
"""Seconds after which a check that did not end is tried again."""


class DomainSweep:
    """One round after the other, each of a bounded number of domains."""

    def __init__(self, pool: Pool, client: Client, dns_servers: str = "") -> None:
        """``dns_servers``: as in the settings."""
        self._pool = pool
        self._client = client
        self._servers = dns_servers
        self._slots = asyncio.Semaphore(AT_A_TIME)

    async def run(self) -> int:
        """Check what is due. Returns how many domains were checked."""
        due = await sender_domains.claim_due(self._pool, _ROUND, _CLAIMED)
        if due:
            lookup = TxtLookup(self._servers)
            await asyncio.gather(*(self._check(lookup, domain) for domain in due))
        return len(due)

    async def _check(self, lookup: TxtLookup, domain: SenderDomain) -> None:
        async with self._slots:
            looked = await look_up(self._pool, lookup, domain)
        try:
            async with change(self._pool, SYSTEM, "domain.checked", only_if_changed=True) as made:
                noted = await note_check(made, looked)
        except XsenderError as error:  # it was deleted meanwhile, or another account's claim was faster
            log.info("a sender domain was not checked", domain=domain.domain, error=error.code)
            return
        await wake(self._client, CALLBACK_QUEUE, noted.endpoints)

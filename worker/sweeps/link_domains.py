"""Checks the records of link domains when it is time, each every few hours."""

import structlog

from domain.access.actors import SYSTEM
from domain.errors import XsenderError
from gateways.net.txt_lookup import TxtLookup
from services.changes import change
from services.links.domains import look_up, note_check
from store.links import link_domains
from store.pool import Pool

log = structlog.get_logger()

_ROUND = 50
_CLAIMED = 900.0
"""Seconds after which a check that did not end is tried again."""


async def check_link_domains(pool: Pool, dns_servers: str = "") -> int:
    """Check what is due, a bounded number. Returns how many were checked. ``dns_servers``: as in the settings."""
    due = await link_domains.claim_due(pool, _ROUND, _CLAIMED)
    lookup = TxtLookup(dns_servers)
    for domain in due:
        looked = await look_up(lookup, domain)
        try:
            async with change(pool, SYSTEM, "link_domain.checked", only_if_changed=True) as made:
                await note_check(made, looked)
        except XsenderError as error:  # it was deleted meanwhile, or another account's claim was faster
            log.info("a link domain was not checked", domain=domain.domain, error=error.code)
    return len(due)

"""Addresses that steps call: the host is the one that the definition has written out."""

import re

from gateways.outgoing_call import Site, site_of
from services.automations.outcomes import StepFailed

MOST_URL = 4_000

_WRITTEN = re.compile(r"(https?)://([^/{}?#\\\s]+)(?=$|[/?#])", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def written_site(url: str) -> Site | None:
    """Whom a URL of a definition leads to; ``None``: that is not clear from what is written."""
    found = _WRITTEN.match(url)
    return site_of(found[0]) if found else None


def checked(url: str, written: str) -> Site:
    """Whom a URL leads to whose texts are filled in.

    Raises:
        StepFailed: it is none, or what was filled in changed the host.
    """
    site = None if len(url) > MOST_URL or _FORBIDDEN.search(url) else site_of(url)
    if site is None or site != written_site(written):
        message = f"the texts in the URL make it none of this host, or longer than {MOST_URL} characters"
        raise StepFailed("call_url", message)
    return site

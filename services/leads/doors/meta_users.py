"""What Meta says of people: that they have removed an app, or want what it has of them to be deleted."""

import secrets
from collections.abc import Mapping
from typing import Any

from domain.leads.reading.values import id_of
from gateways.leads.fetching import Refused
from services.leads.processing import parking
from services.leads.telling import tell_parked
from store.leads import meta_users
from store.leads.sources import Source
from store.pool import Pool

_SECONDS = 24 * 3600
"""For so long what Meta signed counts."""
_CODE_BYTES = 18
_REMOVED = Refused(
    "access",
    "app_removed",
    "whoever connected the page has removed the app at Meta, so its token works no more: connect the page again, and "
    "set the new token",
)


def user_in(said: Mapping[str, Any], now: float) -> str | None:
    """Whom it is about; ``None``: it does not say so, or was signed too long ago."""
    issued = said.get("issued_at")
    if isinstance(issued, bool) or not isinstance(issued, int | float) or abs(now - issued) > _SECONDS:
        return None
    return id_of(said.get("user_id"))


async def park_sources(pool: Pool, user_id: str, source: Source | None) -> None:
    """Park the sources whose token ended with that: those of the account that ``source`` is of, or all."""
    for one in await meta_users.sources_of(pool, user_id, None if source is None else source.account_id):
        await parking.park(pool, one, _REMOVED, tell_parked)


async def ask_deletion(pool: Pool, user_id: str, source: Source | None) -> str:
    """Store that a person wants to be deleted. Returns the code by which they see what became of it."""
    code = secrets.token_urlsafe(_CODE_BYTES)
    return await meta_users.ask(pool, code, None if source is None else source.id, user_id)

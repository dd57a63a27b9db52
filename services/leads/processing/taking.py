"""Takes leads: from their providers to what becomes of them."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from temporalio.client import Client

from domain.errors import InvalidError
from domain.keyring import Keyring
from domain.leads.reading.by_kind import read_lead
from domain.leads.rest import LeadRest
from domain.leads.states import ENDED
from gateways.leads.fetching import Refused
from services.automations.outbox import StartBatch
from services.leads.processing import parking
from services.leads.processing.applying import Applying
from services.leads.providers import Providers
from services.leads.telling import tell_parked
from store.leads import leads, sources
from store.leads.leads import Lead, Outcome
from store.leads.sealing import open_lead, seal_lead
from store.leads.sources import Source
from store.pool import Pool

_OVER = LeadRest(is_over=True)
_FAILED = LeadRest(is_over=True, outcome="failed")


class Taking:
    """One per process."""

    def __init__(self, pool: Pool, keyring: Keyring, providers: Providers, applying: Applying) -> None:
        self._pool = pool
        self._keyring = keyring
        self._providers = providers
        self._applying = applying

    async def aclose(self) -> None:
        """Close the connections to providers."""
        await self._providers.aclose()

    async def take(self, lead_id: UUID, client: Client, start: StartBatch, *, is_trial: bool = False) -> LeadRest:
        """Do with a lead what can be done now. Safe to repeat, also at the same time.

        ``is_trial``: its provider is asked though the source is parked, to see whether it still has to be.

        Raises:
            RPCError, DB_UNAVAILABLE: Temporal or the database do not answer: nothing is lost.
        """
        lead = await leads.of_id(self._pool, lead_id)
        source = await sources.of_id(self._pool, lead.source_id) if lead else None
        if lead is None or source is None or lead.state in ENDED:
            return _OVER
        body: Mapping[str, Any]
        if lead.sealed is not None:
            body = open_lead(self._keyring, lead.id, lead.sealed)
        else:
            fetched = await self._fetch(source, lead, is_trial=is_trial)
            if isinstance(fetched, LeadRest):
                return fetched
            body = fetched
        await self._applying.apply(lead, source, body, client, start)
        return _OVER

    async def give_up(self, lead_id: UUID, error: Exception) -> LeadRest:
        """End a lead that fails by a fault of ours, however often it is tried. It stays listed, and can be replayed."""
        why = f"something failed here ({type(error).__name__}): see the log, then replay the lead"
        await leads.end(self._pool, lead_id, Outcome("failed", "internal_error", why))
        return _FAILED

    async def refused(self, source: Source, refused: Refused) -> None:
        """The provider did not list leads: if it is for want of access, the source is parked."""
        if refused.act == "access":
            await parking.park(self._pool, source, refused, tell_parked)
        if refused.act in ("rate", "blocked"):
            await sources.hold(self._pool, source.id, source.edition, refused.after or parking.LEFT_ALONE)

    async def _fetch(self, source: Source, lead: Lead, *, is_trial: bool) -> Mapping[str, Any] | LeadRest:
        """The raw lead, which is kept; or when it is looked at again."""
        if source.state != "active" and not (is_trial and source.state == "parked"):
            if await parking.wait_with_source(self._pool, lead):
                return LeadRest(state="parked", outcome="parked")
            return LeadRest(again_at=time.time(), state="fetching")
        if source.held_until is not None and source.held_until.timestamp() > time.time():
            return LeadRest(again_at=source.held_until.timestamp() + 1, state="fetching")
        found = await self._providers.fetch(source, lead)
        if isinstance(found, Refused):
            return await self._refused(source, lead, found)
        try:
            raw = read_lead(source.kind, found.body)
        except InvalidError as error:
            await leads.end(self._pool, lead.id, Outcome("invalid", error.code, error.message))
            return _OVER
        sealed = seal_lead(self._keyring, lead.id, found.body)
        await leads.keep_raw(self._pool, lead.id, sealed, raw.form_id, raw.created_at)
        await sources.fetched(self._pool, source.id)
        if source.state == "parked":
            await sources.mended(self._pool, source.id, source.edition)
        return found.body

    async def _refused(self, source: Source, lead: Lead, refused: Refused) -> LeadRest:
        async def still_there() -> bool | None:
            known = await leads.newest_fetched(self._pool, source.id, lead.id)
            return None if known is None else await self._providers.is_there(source, known)

        verdict = await parking.judge(lead, refused, still_there)
        state = await parking.apply(self._pool, source, lead, verdict, tell_parked)
        if verdict.is_over:
            return _OVER
        if state == "parked":
            return LeadRest(state=state, outcome="parked")
        return LeadRest(again_at=time.time() + (verdict.seconds or 0.0), state=state)

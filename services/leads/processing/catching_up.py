"""What a source missed: leads that waited for it, in the order in which they came, and leads that nobody posted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.client import Client

from domain.errors import InvalidError
from domain.keyring import Keyring
from domain.leads.reading.by_kind import read_lead
from gateways.leads.fetching import Refused
from services.automations.outbox import StartBatch
from services.leads.processing.taking import Taking
from services.leads.processing.waking import wake
from services.leads.providers import Providers
from services.leads.receiving import Arrived, receive
from store.leads import leads, sources
from store.leads.sources import Source
from store.pool import Pool

log = structlog.get_logger()

_FETCHED_KINDS = ("meta", "linkedin")
_OVERLAP = timedelta(hours=1)
"""By which a look begins before the last one ended: providers list a lead some time after they got it."""
_SOME = 100


class CatchingUp:
    """One per process."""

    def __init__(self, pool: Pool, keyring: Keyring, providers: Providers, taking: Taking) -> None:
        self._pool = pool
        self._keyring = keyring
        self._providers = providers
        self._taking = taking

    async def catch_up(self, source_id: UUID, client: Client, start: StartBatch, heartbeat: Callable[[], None]) -> bool:
        """Take what is parked, then get what was missed. Returns whether nothing is left that can be done now.

        Raises:
            RPCError, DB_UNAVAILABLE: Temporal or the database do not answer: what is done stays done.
        """
        source = await sources.of_id(self._pool, source_id)
        if source is None or source.state == "disabled":
            return True
        if not await self._take_parked(source, client, start, heartbeat):
            return True
        if source.kind in _FETCHED_KINDS:
            await self._get_missed(source, heartbeat)
        return True

    async def _take_parked(
        self, source: Source, client: Client, start: StartBatch, heartbeat: Callable[[], None]
    ) -> bool:
        """Returns whether the source can be asked. If it is parked, its first lead tells whether it has to be."""
        after: UUID | None = None
        while waiting := await leads.parked(self._pool, source.id, after, _SOME):
            for lead_id, provider_id in waiting:
                if not await self._take(source, lead_id, client, start):
                    return False
                await wake(client, source.id, provider_id)
                heartbeat()
                after = lead_id
        return True

    async def _take(self, source: Source, lead_id: UUID, client: Client, start: StartBatch) -> bool:
        rest = await self._taking.take(lead_id, client, start, is_trial=True)
        return rest.is_over or rest.state != "parked"

    async def _get_missed(self, source: Source, heartbeat: Callable[[], None]) -> None:
        """Leads are stored with what they hold, so that none is fetched again; the workers' sweep starts them."""
        begun = datetime.now(UTC)
        since = (source.backfilled_at or source.created_at) - _OVERLAP
        async for found in self._providers.missed(source, since):
            heartbeat()
            if isinstance(found, Refused):
                await self._taking.refused(source, found)
                return
            if source.state == "parked":
                await sources.mended(self._pool, source.id, source.edition)
            arrived = [one for body in found.items if (one := _arrived(source, body)) is not None]
            await receive(self._pool, self._keyring, arrived)
        await sources.note_backfilled(self._pool, source.id, begun)


def _arrived(source: Source, body: Mapping[str, Any]) -> Arrived | None:
    try:
        raw = read_lead(source.kind, body)
    except InvalidError as error:
        log.warning("a listed lead cannot be read", source=str(source.id), code=error.code)
        return None
    return Arrived(source, raw.id, "backfill", {}, body, raw.form_id, raw.created_at)

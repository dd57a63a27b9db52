"""The activities of the workflows of leads."""

from uuid import UUID

import structlog
from temporalio import activity
from temporalio.service import RPCError

from activities.dispatching.heartbeats import heartbeats
from domain.leads.rest import LeadRest
from services.automations.outbox import StartBatch
from services.leads.processing.catching_up import CatchingUp
from services.leads.processing.taking import Taking
from store.pool import DB_UNAVAILABLE

log = structlog.get_logger()

_TRIES = 5
"""Of a lead that fails by a fault of ours: some seconds."""


class Leads:
    """One per process."""

    def __init__(self, taking: Taking, catching_up: CatchingUp, start: StartBatch) -> None:
        self._taking = taking
        self._catching_up = catching_up
        self._start = start

    @activity.defn(name="take_lead")
    async def take(self, lead_id: str) -> LeadRest:
        """Do with a lead what can be done now. Safe to repeat, also at the same time."""
        try:
            async with heartbeats():
                return await self._taking.take(UUID(lead_id), activity.client(), self._start)
        except (RPCError, *DB_UNAVAILABLE):
            raise
        except Exception as error:
            if activity.info().attempt < _TRIES:
                raise
            log.exception("a lead was given up", lead=lead_id)
            return await self._taking.give_up(UUID(lead_id), error)

    @activity.defn(name="catch_up_leads")
    async def catch_up(self, source_id: str) -> bool:
        """Have parked leads of a source go on, in their order, and store those that were missed. Returns whether all
        is done that can be done now."""
        return await self._catching_up.catch_up(UUID(source_id), activity.client(), self._start, activity.heartbeat)

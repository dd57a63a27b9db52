"""The activity of the automation workflow."""

from uuid import UUID

import structlog
from temporalio import activity

from domain.automations.rest import Rest
from services.automations.outbox import OutboxSender, StartBatch
from services.automations.runs.running import Running
from store.pool import DB_UNAVAILABLE

log = structlog.get_logger()

_TRIES = 5
"""Of a step that fails by a fault of ours: some seconds."""


class Automations:
    """One per process."""

    def __init__(self, running: Running, outbox: OutboxSender, start: StartBatch) -> None:
        self._running = running
        self._outbox = outbox
        self._start = start

    @activity.defn(name="go_on_with_run")
    async def go_on(self, run_id: str) -> Rest:
        """Take the steps of a run that can be taken now. Safe to repeat."""
        try:
            rest = await self._running.go_on(UUID(run_id))
        except DB_UNAVAILABLE:
            raise
        except Exception as error:
            if activity.info().attempt < _TRIES:
                raise
            log.exception("a run of an automation was given up", run=run_id)
            rest = await self._running.give_up(UUID(run_id), error)
        self._outbox.poke(activity.client(), self._start)
        return rest

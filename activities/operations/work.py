"""work_on_operation: some slices of a long operation."""

import time
from uuid import UUID

from temporalio import activity
from temporalio.service import RPCError

from activities.dispatching.heartbeats import heartbeats
from domain.keyring import Keyring
from domain.operations.slices import OperationRest
from services.operations.working import give_up, work_on
from services.sending.page_start import StartPage
from store.pool import DB_UNAVAILABLE, Pool

_ROUND = 5.0
"""Seconds after which an activity ends, with the slice that it does then."""
_TRIES = 10
"""Tries after which an operation ends as failed. While the database or Temporal is away it is tried without end."""


class Operations:
    """The activity of operations of all kinds."""

    def __init__(self, pool: Pool, keyring: Keyring, start: StartPage) -> None:
        self._pool = pool
        self._keyring = keyring
        self._start = start

    @activity.defn(name="work_on_operation")
    async def work(self, operation_id: str) -> OperationRest:
        """Do slices of an operation for some seconds, or until it is to wait, or has ended."""
        until = time.monotonic() + _ROUND
        async with heartbeats():
            while True:
                rest = await self._slice(UUID(operation_id))
                is_late = time.monotonic() >= until or activity.is_worker_shutdown()
                if rest.is_over or rest.pause or is_late:
                    return rest

    async def _slice(self, operation_id: UUID) -> OperationRest:
        try:
            return await work_on(self._pool, activity.client(), self._keyring, self._start, operation_id)
        except (*DB_UNAVAILABLE, RPCError):
            raise
        except Exception:
            if activity.info().attempt < _TRIES:
                raise
            activity.logger.exception("operation %s is given up", operation_id)
            await give_up(self._pool, operation_id)
            return OperationRest(is_over=True, outcome="failed")

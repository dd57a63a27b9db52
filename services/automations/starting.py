"""Starting the workflows of runs, and telling them of ends."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.automations.rest import RunStart, looks_at
from domain.ids import automation_workflow_id
from runtime.search_attributes import attributes
from store.automations import waking
from store.pool import DB_UNAVAILABLE, Pool
from workflows.policy import AUTOMATIONS_QUEUE

log = structlog.get_logger()

_SECONDS = timedelta(seconds=5)
_AT_A_TIME = 8
_MOST = 1_000
"""Of one sweep."""
_GATHERING = 0.2
"""Seconds that starts are gathered before it is noted that they were made."""


class Starter:
    """One per process: starts the workflows of runs that have begun."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._started: dict[UUID, datetime] = {}
        self._noting: asyncio.Task[None] | None = None

    async def start(self, client: Client, begun: Mapping[UUID, datetime]) -> bool:
        """Start them, unless they run: each with when its run is due. Returns whether all were started.

        What is not started, as Temporal does not answer, is started by the workers' sweep; so is one of which it
        could not be noted that it was.
        """
        rest = list(begun.items())
        while rest:
            now, rest = rest[:_AT_A_TIME], rest[_AT_A_TIME:]
            try:
                await asyncio.gather(*(self._start(client, *one) for one in now))
            except RPCError as error:
                log.warning("runs could not be started", error=str(error), runs=len(now) + len(rest))
                return False
        return True

    async def start_unstarted(self, client: Client, older_than_seconds: float) -> None:
        """Start those of runs whose process died before it did, or met no Temporal."""
        while found := await waking.unstarted(self._pool, older_than_seconds, _MOST):
            is_done = await self.start(client, found)
            await self.aclose()  # what is noted is not found again
            if not is_done or len(found) < _MOST:
                return

    async def aclose(self) -> None:
        """Let what is under way end."""
        if self._noting is not None:
            await asyncio.wait({self._noting})

    async def _start(self, client: Client, run_id: UUID, due: datetime) -> None:
        at = looks_at(due)
        with suppress(WorkflowAlreadyStartedError):
            await client.start_workflow(
                "AutomationWorkflow",
                RunStart(run=str(run_id)),
                id=automation_workflow_id(run_id),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                task_queue=AUTOMATIONS_QUEUE,
                search_attributes=attributes(lane="automations"),
                start_delay=max(at - datetime.now(UTC), timedelta(0)),
                rpc_timeout=_SECONDS,
            )
        self._started[run_id] = at
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note())

    async def _note(self) -> None:
        """Nobody waits for it: many are noted together."""
        while self._started:
            await asyncio.sleep(_GATHERING)
            started, self._started = self._started, {}
            try:
                await waking.note_started(self._pool, started)
            except DB_UNAVAILABLE as error:
                log.warning("starts of runs could not be noted", error=type(error).__name__)


async def tell_end(client: Client, run_id: UUID) -> None:
    """Tell the workflow of a run that it has ended, if there is one.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        await client.get_workflow_handle(automation_workflow_id(run_id)).signal("end", rpc_timeout=_SECONDS)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise

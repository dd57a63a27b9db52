"""Starting the workflows of leads that are stored."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.ids import lead_source_workflow_id, lead_workflow_id
from domain.leads.rest import LeadStart
from runtime.search_attributes import attributes
from store.leads import leads, sources
from store.leads.leads import Received
from store.pool import DB_UNAVAILABLE, Pool
from workflows.policy import LEADS_QUEUE

log = structlog.get_logger()

_SECONDS = timedelta(seconds=5)
_AT_A_TIME = 8
_LAST = Priority(priority_key=5)
"""Of a file with thousands: leads that are posted meanwhile are taken before them."""
_MOST = 500
"""Of one sweep."""
_GATHERING = 0.2
"""Seconds that starts are gathered before it is noted that they were made."""


class LeadStarter:
    """One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._started: list[UUID] = []
        self._noting: asyncio.Task[None] | None = None

    async def start(self, client: Client, received: Sequence[Received]) -> None:
        """Start their workflows, those that run excepted.

        Raises:
            RPCError: Temporal does not answer. What was not started, the workers' sweep starts.
        """
        rest = [one for one in received if not one.is_started]
        while rest:
            now, rest = rest[:_AT_A_TIME], rest[_AT_A_TIME:]
            await asyncio.gather(*(self._start(client, one) for one in now))

    async def start_unstarted(self, client: Client, older_than_seconds: float) -> None:
        """Start those whose process died before it did, or met no Temporal."""
        while found := await leads.unstarted(self._pool, older_than_seconds, _MOST):
            await self.start(client, found)
            await self.aclose()  # what is noted is not found again
            if len(found) < _MOST:
                return

    async def start_lost(self, client: Client, older_than_seconds: float) -> None:
        """Start the workflows of leads that are open for long: somebody may have ended them. Those that run go on."""
        await self.start(client, await leads.open_for_long(self._pool, older_than_seconds, _MOST))

    async def aclose(self) -> None:
        """Let what is under way end."""
        if self._noting is not None:
            await asyncio.wait({self._noting})

    async def _start(self, client: Client, one: Received) -> None:
        with suppress(WorkflowAlreadyStartedError):
            await client.start_workflow(
                "LeadWorkflow",
                LeadStart(str(one.id)),
                id=lead_workflow_id(one.source_id, one.provider_id),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                task_queue=LEADS_QUEUE,
                rpc_timeout=_SECONDS,
                search_attributes=attributes(lane="leads"),
                priority=_LAST if one.may_wait else Priority.default,
            )
        self._started.append(one.id)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note())

    async def _note(self) -> None:
        """Nobody waits for it: many are noted together."""
        while self._started:
            await asyncio.sleep(_GATHERING)
            started, self._started = self._started, []
            try:
                await leads.note_started(self._pool, started)
            except DB_UNAVAILABLE as error:
                log.warning("starts of leads could not be noted", error=type(error).__name__)


async def catch_up_due(pool: Pool, client: Client) -> None:
    """Start the workflows of sources whose missed leads are to be looked for."""
    for source_id, at in await sources.due(pool):
        await client.start_workflow(
            "LeadSourceWorkflow",
            str(source_id),
            id=lead_source_workflow_id(source_id),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_queue=LEADS_QUEUE,
            start_signal="wake",
            search_attributes=attributes(lane="leads"),
            rpc_timeout=_SECONDS,
        )
        await sources.note_looked(pool, source_id, at)

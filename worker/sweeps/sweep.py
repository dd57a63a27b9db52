"""Compares what has no outcome with the workflows that are open: nothing waits for a workflow that is gone."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from uuid import UUID

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from services.sending.page_runs import RPC_TIMEOUT
from store import workflow_checks
from store.batches import recovery as batch_recovery
from store.messages import orphans
from store.pool import DB_UNAVAILABLE, Pool
from store.workflow_checks import COLLECTED_AT
from worker.sweeps.sweep_batches import BatchSweep
from worker.sweeps.sweep_pages import PageSweep
from worker.sweeps.swept import Swept

log = structlog.get_logger()

QUIET = 300.0
"""Seconds without any record of a page after which Temporal is asked about it: more than a gateway may take to answer
and a worker to be missed."""

MOST_ASKED = 1000
"""Pages that a round asks Temporal about: the next round goes on where this one ended."""
_MOST_LOOKED_AT = 20_000
"""Pages that a round looks at in the record."""
_LOOKED_AT_TOGETHER = 200
_LOOK_LATER = 3600.0
"""Seconds after which a page is looked at again in which nothing is open: what is left of it is unknown."""
_READ_TOGETHER = 20_000
"""Messages that one statement reads to find the open pages among them."""
MOST_READ = 1_000_000
"""Messages that a round reads so: many more than are sent from one round to the next."""
_MOST_BATCHES = 500

_FAILED_AGAIN = 600.0
"""Seconds after which one is tried again that could not be judged."""

_OUTAGES = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }
)
"""Errors of Temporal that speak of no single workflow."""

_START = UUID(int=0)


class Sweep:
    """One round after the other, each bounded, so that neither Temporal nor the database is flooded."""

    def __init__(self, pool: Pool, client: Client, quiet: float = QUIET, age: float = COLLECTED_AT) -> None:
        """``quiet``: seconds without any record of a page after which Temporal is asked; ``age``: at which messages are
        read, in seconds."""
        self._pool = pool
        self._client = client
        self._quiet = quiet
        self._age = age
        self._after_batch = _START

    async def run(self) -> Swept:
        """Do one round.

        Raises:
            RPCError: Temporal does not answer; what was not looked at is looked at by the next round.
        """
        await self._collect()
        # A Temporal without our namespace knows none of our workflows, which does not mean that they are gone.
        namespace = DescribeNamespaceRequest(namespace=self._client.namespace)
        await self._client.workflow_service.describe_namespace(namespace, timeout=RPC_TIMEOUT)
        swept = Swept()
        await self._batches(swept)
        await self._pages(swept)
        if swept.restarted or swept.ended or swept.failing or swept.skipped:
            log.info("sweep", **asdict(swept))
        return swept

    async def _batches(self, swept: Swept) -> None:
        found = await batch_recovery.open_batches(self._pool, self._after_batch, _MOST_BATCHES)
        self._after_batch = found[-1] if len(found) == _MOST_BATCHES else _START
        sweep = BatchSweep(self._pool, self._client, swept)
        for batch_id in found:
            await self._check(sweep.check, batch_id, swept)

    async def _collect(self) -> None:
        for _ in range(MOST_READ // _READ_TOGETHER):
            if await workflow_checks.collect(self._pool, self._age, _READ_TOGETHER) < _READ_TOGETHER:
                return

    async def _pages(self, swept: Swept) -> None:
        sweep = PageSweep(self._pool, self._client, swept)
        begin = swept.asked
        for _ in range(_MOST_LOOKED_AT // _LOOKED_AT_TOGETHER):
            found = await orphans.look(self._pool, _LOOKED_AT_TOGETHER, self._quiet, _LOOK_LATER)
            for page in found:
                if page.is_silent:
                    await self._check(sweep.check, page.id, swept)
                if swept.asked - begin >= MOST_ASKED:
                    return
            if len(found) < _LOOKED_AT_TOGETHER:
                return

    async def _check(self, check: Callable[[UUID], Awaitable[None]], id_: UUID, swept: Swept) -> None:
        """One that cannot be judged keeps no other from it; where Temporal or the database is away the round ends."""
        try:
            await check(id_)
        except DB_UNAVAILABLE:
            raise
        except Exception as error:
            if isinstance(error, RPCError) and error.status in _OUTAGES:
                raise
            swept.skipped += 1
            log.exception("a page or batch could not be swept", id=str(id_))
            await workflow_checks.put_off(self._pool, id_, _FAILED_AGAIN)

"""Compares messages without an outcome with open workflows, so that none waits for a lost workflow."""

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
from worker.sweeps.counts import SweepCounts
from worker.sweeps.sweep_batches import BatchSweep
from worker.sweeps.sweep_pages import PageSweep

log = structlog.get_logger()

QUIET = 300.0
"""Seconds without any write for a page after which Temporal is queried: more than a gateway may take to answer
and a worker's death to be noticed."""

MOST_CHECKED = 1000
"""Pages that a round checks with Temporal: the next round continues where this one ended."""
_MOST_LOOKED_AT = 20_000
"""Pages that a round reads from the database."""
_LOOKED_AT_TOGETHER = 200
_LOOK_LATER = 3600.0
"""Seconds after which a page is checked again that has only ``unknown`` messages left."""
_READ_TOGETHER = 20_000
"""Messages that one statement reads to find the open pages among them."""
MOST_READ = 1_000_000
"""Messages that a round reads in this way: many more than are sent between two rounds."""
_MOST_BATCHES = 500

_FAILED_AGAIN = 600.0
"""Seconds after which one is checked again that could not be checked."""

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
"""Errors of Temporal that are not about a single workflow."""

_START = UUID(int=0)


class Sweep:
    """One round after the other, each bounded, so that neither Temporal nor the database is flooded."""

    def __init__(self, pool: Pool, client: Client, quiet: float = QUIET, age: float = COLLECTED_AT) -> None:
        """``quiet``: seconds without writes for a page after which Temporal is queried; ``age``: when messages are
        read, in seconds."""
        self._pool = pool
        self._client = client
        self._quiet = quiet
        self._age = age
        self._after_batch = _START

    async def run(self) -> SweepCounts:
        """Do one round.

        Raises:
            RPCError: Temporal does not answer; the next round checks the rest.
        """
        await self._collect()
        # A Temporal server without our namespace knows none of our workflows; that does not mean that they are lost.
        namespace = DescribeNamespaceRequest(namespace=self._client.namespace)
        await self._client.workflow_service.describe_namespace(namespace, timeout=RPC_TIMEOUT)
        counts = SweepCounts()
        await self._batches(counts)
        await self._pages(counts)
        if counts.restarted or counts.ended or counts.failing or counts.skipped:
            log.info("sweep", **asdict(counts))
        return counts

    async def _batches(self, counts: SweepCounts) -> None:
        found = await batch_recovery.open_batches(self._pool, self._after_batch, _MOST_BATCHES)
        self._after_batch = found[-1] if len(found) == _MOST_BATCHES else _START
        sweep = BatchSweep(self._pool, self._client, counts)
        for batch_id in found:
            await self._check(sweep.check, batch_id, counts)

    async def _collect(self) -> None:
        for _ in range(MOST_READ // _READ_TOGETHER):
            if await workflow_checks.collect(self._pool, self._age, _READ_TOGETHER) < _READ_TOGETHER:
                return

    async def _pages(self, counts: SweepCounts) -> None:
        sweep = PageSweep(self._pool, self._client, counts)
        begin = counts.checked
        for _ in range(_MOST_LOOKED_AT // _LOOKED_AT_TOGETHER):
            found = await orphans.check_due(self._pool, _LOOKED_AT_TOGETHER, self._quiet, _LOOK_LATER)
            for page in found:
                if page.is_silent:
                    await self._check(sweep.check, page.id, counts)
                if counts.checked - begin >= MOST_CHECKED:
                    return
            if len(found) < _LOOKED_AT_TOGETHER:
                return

    async def _check(self, check: Callable[[UUID], Awaitable[None]], id_: UUID, counts: SweepCounts) -> None:
        """Check one; its errors do not stop the round, an outage of Temporal or the database does."""
        try:
            await check(id_)
        except DB_UNAVAILABLE:
            raise
        except Exception as error:
            if isinstance(error, RPCError) and error.status in _OUTAGES:
                raise
            counts.skipped += 1
            log.exception("a page or batch could not be checked", id=str(id_))
            await workflow_checks.put_off(self._pool, id_, _FAILED_AGAIN)

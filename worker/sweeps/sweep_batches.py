"""Finds unfinished batches whose workflow has ended or makes no progress."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.batches.batch import BatchHeader, Stream
from domain.ids import batch_workflow_id, send_workflow_id
from domain.limits import BATCH_LIMITS
from domain.messages.recovery import LOST, MOST_RESTARTS, TERMINATED
from services.callbacks import wake
from services.sending.page_runs import RPC_TIMEOUT, Fate, latest_run
from services.sending.restart import start_batch, start_page
from store import workflow_checks
from store.batches import batches
from store.batches import recovery as batch_recovery
from store.batches.recovery import OpenBatch, PageLeft
from store.callbacks import callbacks
from store.messages import orphans
from store.pool import Pool, long_transaction
from worker.sweeps.counts import FAILING_TRIES, SweepCounts
from workflows.policy import CALLBACK_QUEUE

log = structlog.get_logger()

_AGAIN = 300.0
"""Seconds after which a batch with a running workflow is checked again."""
_AGAIN_SOON = 60.0

_UNTOUCHED = 2 * BATCH_LIMITS.pages_in_flight
"""After this many pages in a row that Temporal does not know, the batch had started no more of them."""

_STOPPED = "an operator ended the workflow"
_LOST = "the batch's workflow ended, and cannot be started again"


class BatchSweep:
    """Checks batches, one at a time. Idempotent, and safe to run concurrently."""

    def __init__(self, pool: Pool, client: Client, counts: SweepCounts) -> None:
        self._pool = pool
        self._client = client
        self._counts = counts

    async def check(self, batch_id: UUID) -> None:
        """Continue a batch, or end it, if its workflow has ended.

        Raises:
            RPCError: Temporal does not answer.
        """
        self._counts.checked += 1
        run = await latest_run(self._client, batch_workflow_id(batch_id))
        if run.fate is Fate.RUNNING:
            if run.failed_tries < FAILING_TRIES:
                await workflow_checks.put_off(self._pool, batch_id, _AGAIN)
                return
            log.error("a batch's workflow keeps failing", batch=str(batch_id), tries=run.failed_tries)
            self._counts.failing += 1
            await workflow_checks.note_failing(self._pool, batch_id, run.failed_tries, _AGAIN_SOON)
            return
        endpoints: set[UUID] = set()
        async with long_transaction(self._pool) as conn:  # it queries Temporal in between
            if await workflow_checks.try_lock(conn, batch_id):
                # Again, now that no other sweep can start it. Reads after this see all that this run left.
                fate = (await latest_run(self._client, batch_workflow_id(batch_id))).fate
                batch = await batch_recovery.find(conn, batch_id)
                if batch is not None and fate is not Fate.RUNNING:
                    endpoints = await self._recover(conn, batch_id, batch, fate)
        await workflow_checks.put_off(self._pool, batch_id, _AGAIN_SOON)
        await wake(self._client, CALLBACK_QUEUE, endpoints)

    async def _recover(
        self, conn: AsyncConnection[TupleRow], batch_id: UUID, batch: OpenBatch, fate: Fate
    ) -> set[UUID]:
        """Returns the endpoints to wake."""
        if batch.state == "stored" and fate is Fate.GONE:  # its request may be about to start it, or has failed
            return set()
        left = await batch_recovery.pages_left(conn, batch_id)
        if fate is Fate.STOPPED or batch.state == "cancelling":
            return await self._cancel(conn, batch_id, fate, left)
        if pending := [page for page in left if page.is_pending]:
            return await self._continue(conn, batch, pending)
        # Running pages continue, and the page sweep recovers lost ones: the batch ends after them.
        if await batches.end(conn, batch_id, "completed"):
            log.warning("a batch whose workflow was lost has ended", batch=str(batch_id))
        return set()

    async def _cancel(
        self, conn: AsyncConnection[TupleRow], batch_id: UUID, fate: Fate, left: Sequence[PageLeft]
    ) -> set[UUID]:
        """Cancel unsent messages; the batch ends when those in flight have."""
        code, reason = (
            (TERMINATED, _STOPPED) if fate is Fate.STOPPED else ("batch_cancelled", "the batch was cancelled")
        )
        ended = await batches.cancel_pending(conn, batch_id, code, reason)
        for page in left:
            if not page.is_pending:
                await self._withdraw(page)
        is_over = await batches.end(conn, batch_id, "cancelled")
        log.warning("a batch without its workflow is cancelled", batch=str(batch_id), ended=len(ended), over=is_over)
        self._counts.ended += len(ended)
        return await callbacks.queue_states(conn, ended)

    async def _withdraw(self, page: PageLeft) -> None:
        try:
            await self._client.get_workflow_handle(send_workflow_id(page.id)).cancel(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # it has ended
                raise

    async def _continue(
        self, conn: AsyncConnection[TupleRow], batch: OpenBatch, pending: Sequence[PageLeft]
    ) -> set[UUID]:
        """Send the pages that were not started. Returns the endpoints to wake."""
        batch_id, ended = UUID(batch.header.batch_id), list[UUID]()
        begun = await self._begun(pending)
        for page, fate in begun.items():
            if fate is Fate.STOPPED:
                ended += await self._end(conn, page, "cancelled", TERMINATED, _STOPPED)
            elif fate is Fate.FAILED and not await self._start_page(conn, page):
                ended += await self._end(conn, page, "failed", LOST, _LOST)
        if rest := [page for page in pending if page not in begun]:
            if await workflow_checks.count_restart(conn, batch_id) <= MOST_RESTARTS:
                header = replace(batch.header, streams=_streams(batch.header, rest), paused=batch.state == "paused")
                self._counts.restarted += await start_batch(self._client, header)
                log.warning("a lost batch was started again", batch=str(batch_id), pages=len(rest))
            else:
                for page in rest:
                    ended += await self._end(conn, page, "failed", LOST, _LOST)
        self._counts.ended += len(ended)
        return await callbacks.queue_states(conn, ended)

    async def _begun(self, pending: Sequence[PageLeft]) -> dict[PageLeft, Fate]:
        """Pages that had been started already, but had not held their credits."""
        found: dict[PageLeft, Fate] = {}
        unknown = 0
        for page in pending:
            fate = (await latest_run(self._client, send_workflow_id(page.id))).fate
            unknown = unknown + 1 if fate is Fate.GONE else 0
            if fate is not Fate.GONE:
                found[page] = fate
            elif unknown == _UNTOUCHED:
                break
        return found

    async def _start_page(self, conn: AsyncConnection[TupleRow], page: PageLeft) -> bool:
        stored = await batch_recovery.stored_page(conn, page.id)
        if stored is None or await workflow_checks.count_restart(conn, page.id) > MOST_RESTARTS:
            return False
        self._counts.restarted += await start_page(self._client, stored[0], b"")
        return True

    async def _end(
        self, conn: AsyncConnection[TupleRow], page: PageLeft, state: str, code: str, reason: str
    ) -> list[UUID]:
        uids = [message.uid for message in await orphans.left_over(conn, page.id) if message.is_pending]
        return await orphans.end(conn, uids, state, code, reason)


def _streams(header: BatchHeader, rest: Sequence[PageLeft]) -> list[Stream]:
    """The streams with remaining pages, each from its first remaining page on."""
    streams = []
    for stream in header.streams:
        numbers = [page.number for page in rest if stream.next <= page.number <= stream.last]
        if numbers:
            streams.append(replace(stream, next=min(numbers)))
    return streams

"""Finds pages with unfinished messages whose workflow has ended or makes no progress."""

import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from temporalio.client import Client

from domain.ids import minted_at, send_workflow_id
from domain.messages.page import Carried
from domain.messages.recovery import LOST, MOST_RESTARTS, TERMINATED, LeftOver, turns
from services.callbacks import wake
from services.sending.page_runs import Fate, Run, latest_run
from services.sending.page_start import PageStart, page_start
from services.sending.restart import start_page
from store import workflow_checks
from store.callbacks import callbacks
from store.messages import orphans
from store.pool import Pool, long_transaction
from worker.sweeps.counts import FAILING_TRIES, SweepCounts
from workflows.policy import CALLBACK_QUEUE

log = structlog.get_logger()

_AGAIN = 600.0
"""Seconds after which a page with a running workflow is checked again."""
_AGAIN_LATER = 3600.0
"""The same where all its messages are due later than that."""
_AGAIN_SOON = 60.0
"""The same where its workflow makes no progress, or waits for its batch."""

_DOUBT = "the workflow ended before the gateway's answer was recorded"
_STOPPED = "an operator ended the workflow"
_LOST = "the workflow ended without an outcome, and cannot be started again"


class PageSweep:
    """Checks pages, one at a time. Idempotent, and safe to run concurrently."""

    def __init__(self, pool: Pool, client: Client, counts: SweepCounts) -> None:
        self._pool = pool
        self._client = client
        self._counts = counts

    async def check(self, page_id: UUID) -> None:
        """End messages whose workflow has ended, or restart the workflow.

        Raises:
            RPCError: Temporal does not answer.
        """
        self._counts.checked += 1
        run = await latest_run(self._client, send_workflow_id(page_id))
        if run.fate is Fate.RUNNING:
            await self._note_running(page_id, run)
            return
        endpoints: set[UUID] = set()
        async with long_transaction(self._pool) as conn:  # it queries Temporal in between
            if await workflow_checks.try_lock(conn, page_id):
                # Again, now that no other sweep can start it. Reads after this see all that this run left.
                run = await latest_run(self._client, send_workflow_id(page_id))
                if run.fate is not Fate.RUNNING:
                    endpoints = await self._recover(conn, page_id, run)
        await workflow_checks.put_off(self._pool, page_id, _AGAIN_SOON)
        await wake(self._client, CALLBACK_QUEUE, endpoints)

    async def _note_running(self, page_id: UUID, run: Run) -> None:
        if run.failed_tries >= FAILING_TRIES:
            log.error("a page's workflow keeps failing", page=str(page_id), tries=run.failed_tries)
            self._counts.failing += 1
            await workflow_checks.note_failing(self._pool, page_id, run.failed_tries, _AGAIN_SOON)
            return
        due = await orphans.next_due(self._pool, page_id)
        is_later = due is not None and due > _AGAIN_LATER
        await workflow_checks.put_off(self._pool, page_id, _AGAIN_LATER if is_later else _AGAIN)

    async def _recover(self, conn: AsyncConnection[TupleRow], page_id: UUID, run: Run) -> set[UUID]:
        """Returns the endpoints to wake."""
        ended = await orphans.mark_unknown(conn, page_id, LOST, _DOUBT)
        left = [message for message in await orphans.left_over(conn, page_id) if not message.is_pending]
        may_go_on = bool(left) and run.fate is not Fate.STOPPED
        start = await page_start(conn, self._client, page_id, run) if may_go_on else None
        going_on: list[LeftOver] = []
        ending = ("failed", LOST, _LOST)
        if run.fate is Fate.STOPPED:
            ending = ("cancelled", TERMINATED, _STOPPED)
        elif start is not None and start.batch_state == "cancelling":
            ending = ("cancelled", "batch_cancelled", "the batch was cancelled")
        elif start is not None and start.batch_state == "paused":  # a new run would not be signalled when it is resumed
            going_on = left
        elif start is not None:
            going_on = await self._start_again(conn, page_id, start, left)
        ended += await orphans.end(conn, [each.uid for each in left if each not in going_on], *ending)
        if ended:
            log.warning("messages of a lost page were ended", page=str(page_id), fate=run.fate, count=len(ended))
            self._counts.ended += len(ended)
            await orphans.settle(conn, page_id)
        return await callbacks.queue_states(conn, ended)

    async def _start_again(
        self, conn: AsyncConnection[TupleRow], page_id: UUID, start: PageStart, left: Sequence[LeftOver]
    ) -> list[LeftOver]:
        """Restart the page for messages that may still be sent. Returns those messages."""
        now = time.time()
        timely = [message for message in left if message.may_still_leave(now)]
        if not timely or await workflow_checks.count_restart(conn, page_id) > MOST_RESTARTS:
            return []
        due = [0.0] * start.header.size
        for turn, indexes in (begin := turns(timely, now)):
            for index in indexes:
                due[index] = turn.at
        header = replace(start.header, due=due, carried=Carried(minted_at(page_id), begin))
        if await start_page(self._client, header, start.content):
            log.warning("a lost page was started again", page=str(page_id), count=len(timely))
            self._counts.restarted += 1
        return timely

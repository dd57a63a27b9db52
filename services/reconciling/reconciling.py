"""Compares all workflows of the time since a restore with the rows, and brings both in step."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from psycopg import Error
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import ConflictError, InvalidError
from domain.ids import batch_range
from runtime.codec import REFUSALS
from runtime.retention import retention
from services.reconciling.batches import BatchHistory, apply_batch, plan_batch, read_batch
from services.reconciling.erasures import erase_again, read_erasure
from services.reconciling.page_history import read_page
from services.reconciling.pages import Act, apply_page, plan_page
from services.reconciling.receipts import apply_again
from services.reconciling.report import Report
from store.pool import DB_UNAVAILABLE, Pool
from store.reconciling import restored
from store.workers import queues_served

log = structlog.get_logger()

MARGIN = 30.0
"""Seconds before the restored time from which on workflows are looked at: clocks differ, and a backup takes a while."""
_AT_A_TIME = 8


async def restored_to(pool: Pool) -> float:
    """The time (Unix seconds) to which the database was restored, by the last sign of a worker in it.

    Raises:
        InvalidError: there is none.
    """
    found = await restored.last_beat(pool)
    if found is None:
        raise InvalidError("since", "The database knows no worker: say with --since to which time it was restored.")
    return found


async def reconcile(pool: Pool, client: Client, since: float, *, apply: bool) -> Report:
    """``since``: the time (Unix seconds) to which the database was restored.

    Raises:
        ConflictError: workers run, or Temporal has forgotten a part of the time since.
        RPCError: Temporal does not answer. What was brought in step stays so: do it again.
    """
    if apply and await queues_served(pool):
        raise ConflictError(
            "workers_run", "Workers run, or ran seconds ago: they would send meanwhile. Stop all of them."
        )
    kept = await retention(client)
    if datetime.now(UTC) - kept > datetime.fromtimestamp(since, UTC):
        raise ConflictError(
            "forgotten",
            f"Temporal keeps ended workflows for {kept / timedelta(hours=1):.0f} hours, and more have passed since: "
            "what was sent in the first of them cannot be known. Restore a later backup, or cancel what waits.",
        )
    work = _Reconciling(pool, client, since, apply=apply)
    await work.run()
    return work.report


class _Reconciling:
    """One round over all of them. Each step can be repeated."""

    def __init__(self, pool: Pool, client: Client, since: float, *, apply: bool) -> None:
        self._pool = pool
        self._client = client
        self._since = since - MARGIN
        self._apply = apply
        self.report = Report(since)

    async def run(self) -> None:
        """Batches are read first, as their pages wait while they are paused. Erasures come last: then it is known which
        messages wait."""
        batches = await self._read_batches()
        paused = [batch_range(UUID(batch.header.batch_id)) for _, batch in batches if batch.is_paused]
        begun: set[UUID] = set()

        async def bring_page(found: WorkflowExecution) -> None:
            page_id = UUID(found.id.removeprefix("send-"))
            begun.add(page_id)
            await self._page(found, page_id, paused=any(first <= page_id <= last for first, last in paused))

        await self._each(await self._latest("SendWorkflow"), bring_page)
        for found, batch in batches:
            await self._batch(found, batch, begun)
        await self._each(await self._latest("ReceiptsWorkflow"), self._receipts)

        async def erase(found: WorkflowExecution) -> None:
            asked = await read_erasure(self._client, found)
            if asked is not None and await erase_again(self._pool, asked, begun, apply=self._apply):
                self.report.add("erasures_again", asked.id)

        await self._each(await self._latest("OperationWorkflow"), erase)
        self.report.to_decide = {k: n for k, n in asdict(await restored.under_way(self._pool)).items() if n}

    async def _latest(self, workflow_type: str) -> list[WorkflowExecution]:
        """The latest run of each workflow of a type that runs, or has ended since."""
        begin = datetime.fromtimestamp(self._since, UTC).isoformat()
        query = f"WorkflowType = '{workflow_type}' and (ExecutionStatus = 'Running' or CloseTime >= '{begin}')"
        latest: dict[str, WorkflowExecution] = {}
        async for found in self._client.list_workflows(query):
            known = latest.get(found.id)
            if known is None or known.start_time < found.start_time:
                latest[found.id] = found
        return list(latest.values())

    async def _each(
        self, all_: Sequence[WorkflowExecution], bring: Callable[[WorkflowExecution], Awaitable[None]]
    ) -> None:
        """Some at a time. One that cannot be brought in step is counted, and does not stop the others."""
        waiting = iter(all_)

        async def work() -> None:
            for found in waiting:
                try:
                    await bring(found)
                except DB_UNAVAILABLE:
                    raise
                except (*REFUSALS, Error, ValueError) as error:
                    log.warning("a workflow is left as it is", id=found.id, error=type(error).__name__)
                    self.report.add("unreadable", found.id)
                except RPCError as error:
                    if error.status != RPCStatusCode.NOT_FOUND:  # it was forgotten meanwhile
                        raise

        await asyncio.gather(*(work() for _ in range(_AT_A_TIME)))

    async def _page(self, found: WorkflowExecution, page_id: UUID, *, paused: bool) -> None:
        page = await read_page(self._client, found)
        if page is None:
            return
        header = page.header
        rows = await restored.of_page(self._pool, page_id)
        accounts = await restored.known_accounts(self._pool, {header.account_id, *header.accounts})
        plan = plan_page(page_id, page, rows, frozenset(accounts), self._since)
        if self._apply and plan.changes:
            await apply_page(self._pool, self._client, plan, page, paused=paused)
        id_, add = str(page_id), self.report.add
        if plan.accounts is None and plan.missing:
            add("messages_lost", id_, plan.missing)
            return
        add("messages_recorded", id_, plan.missing)
        add("messages_unknown", id_, len(plan.unknown))
        add("messages_ended", id_, len(plan.ended))
        add("pages_started_again", id_, plan.act is Act.RESTART)
        add("pages_stopped", id_, plan.act is Act.STOP)

    async def _read_batches(self) -> list[tuple[WorkflowExecution, BatchHistory]]:
        batches: list[tuple[WorkflowExecution, BatchHistory]] = []

        async def read(found: WorkflowExecution) -> None:
            batches.append((found, await read_batch(self._client, found)))

        await self._each(await self._latest("BatchWorkflow"), read)
        return batches

    async def _batch(self, found: WorkflowExecution, batch: BatchHistory, begun: set[UUID]) -> None:
        plan = await plan_batch(self._pool, found, batch, begun, self._since)
        if self._apply:
            await apply_batch(self._pool, self._client, plan, batch.header)
        kinds = {"restart": "batches_started_again", "cancel": "batches_cancelled", "lost": "batches_lost"}
        if plan.act in kinds:
            self.report.add(kinds[plan.act], str(plan.batch_id))

    async def _receipts(self, found: WorkflowExecution) -> None:
        if found.status != WorkflowExecutionStatus.RUNNING and await apply_again(
            self._client, found, apply=self._apply
        ):
            self.report.add("receipts_applied", found.id)

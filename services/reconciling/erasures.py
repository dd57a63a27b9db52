"""Erasures of persons that were asked for later: from their workflows, they are asked for once more."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecution

from domain.access.actors import SYSTEM
from domain.ids import page_of
from domain.persons.subject import AskedErasure
from services.persons.erasing import ERASE
from services.persons.naming import known_of
from services.reconciling.pages import CODE, MAY_HAVE_LEFT
from services.sending.page_runs import RPC_TIMEOUT
from store.automations import waking
from store.messages import orphans
from store.operations import operations, waiting
from store.persons import erasures, finding
from store.pool import InTransaction, Pool, long_transaction
from store.reconciling import restored

_MOST = 100_000
"""Messages that a person waits for."""


async def read_erasure(client: Client, found: WorkflowExecution) -> AskedErasure | None:
    """What the workflow of an operation is to erase; ``None``: it does something else.

    Raises as ``read_page`` does.
    """
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=Execution(workflow_id=found.id, run_id=found.run_id),
        maximum_page_size=1,
    )
    answer = await client.workflow_service.get_workflow_execution_history(request, retry=True, timeout=RPC_TIMEOUT)
    payloads = answer.history.events[0].workflow_execution_started_event_attributes.input.payloads
    if len(payloads) < 2:
        return None
    _, asked = await client.data_converter.decode(list(payloads)[:2], [str, AskedErasure])
    assert isinstance(asked, AskedErasure)
    return asked


async def erase_again(pool: Pool, asked: AskedErasure, begun: Collection[UUID], *, apply: bool) -> bool:
    """Whether an erasure is not in the database, and its account is. Then have it be carried out once more.

    Whatever it is, nothing that waits is sent to its person when workers start. ``begun``: pages that Temporal knows;
    of others it was told to forget what became of them.
    """
    erasure_id = UUID(asked.id)
    known = await erasures.find(pool, erasure_id)
    if (known is not None and known.done_at) or not await restored.known_accounts(pool, {asked.account_id}):
        return False
    if apply:
        async with long_transaction(pool) as conn:
            store = InTransaction(conn)
            if known is None:
                await _ask_again(store, asked)
            await _hold_back(store, asked, begun)
    return known is None


async def _ask_again(store: InTransaction, asked: AskedErasure) -> None:
    given = {"subject": asdict(asked.subject), "asked_by": asked.asked_by, "asked_at": asked.asked_at}
    id_, at = UUID(asked.id), datetime.fromtimestamp(asked.asked_at, UTC)
    await operations.add(store, ERASE, SYSTEM, given, asked.account_id, asked.owner_id, id_)
    await erasures.add(store, id_, asked.account_id, asked.subject.named_by, asked.asked_by, at, datetime.now(UTC))


async def _hold_back(store: InTransaction, asked: AskedErasure, begun: Collection[UUID]) -> None:
    known = await known_of(store, asked.account_id, asked.subject, UUID(asked.id))
    for contact_id in known.contacts:
        await waking.ask_to_end(store, asked.account_id, contact_id, None, None, "erased")
    uids = await finding.waiting_of(store, known, _MOST) if known.recipients else []
    pending = await restored.pending(store, uids)
    lost: dict[UUID, list[UUID]] = defaultdict(list)
    for uid in uids:
        if page_of(uid) not in begun and uid not in pending:
            lost[page_of(uid)].append(uid)
    for page_id, gone in lost.items():
        await restored.mark_unknown(store.conn, dict.fromkeys(gone, (1, None)), CODE, MAY_HAVE_LEFT)
        await orphans.settle(store.conn, page_id)
    left = [uid for uid in uids if page_of(uid) in begun or uid in pending]
    if left:
        await waiting.cancel(store, asked.account_id, left, "cancelled", "the person was erased")

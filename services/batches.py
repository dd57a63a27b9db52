"""Reading and changing batches, for the API and the CLI."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal
from uuid import UUID, uuid4, uuid5

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.batches.batch import BatchChange, BatchChangeKind
from domain.batches.progress import ENDED, Doing, Tally, Wait, doing_from_database
from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.ids import batch_workflow_id
from domain.reputation.rules import REPUTATION_GUARD
from services.changes import Change
from services.reputation.shown import why_held
from services.workflow_calls import ChangeRefused, WorkflowUnresponsive, change_workflow, query_batch
from store.access import approvals
from store.batches import queries
from store.batches.queries import Batch
from store.pool import Connections
from store.reputation import findings
from store.reputation.bad_reports import Subject

_OF_ACCOUNTS = UUID("3d0a2c52-5c7e-5a0b-8f6c-6f6d0b0e7a11")
"""Under which the changes of batches of suspended and deleted accounts have their ids."""
_STORED = "stored"
"""The state of a batch that has just been accepted: its workflow is being started."""


async def find_batch(
    pool: Connections, batch_id: UUID, account_id: int | None = None, *, tests_only: bool = False
) -> Batch:
    """A batch; with an account only if it is that account's own; ``tests_only``: only if a test key sent it.

    Raises:
        NotFoundError: there is none.
    """
    batch = await queries.find(pool, batch_id, account_id)
    if batch is None or (tests_only and not batch.test):
        raise NotFoundError("batch_not_found", "there is no batch with this uid")
    return batch


async def batch_doing(client: Client | None, batch: Batch, tally: Tally) -> Doing:
    """What a batch is doing: from its workflow, or from the database if Temporal or the workflow does not answer."""
    if batch.state in ENDED:
        return Doing(batch.state)
    if batch.awaits_approval:
        return Doing("paused", Wait("approval"))
    if client is None:
        return doing_from_database(batch.state, tally)
    try:
        return await query_batch(client, batch.id) or Doing(batch.state)
    except WorkflowUnresponsive:
        return doing_from_database(batch.state, tally)


async def with_reason(pool: Connections, batch: Batch, doing: Doing) -> Doing:
    """The same, with the reputation guard's reason if it is that which holds the batch."""
    wait = doing.wait
    if wait is None or wait.reason not in ("paused", REPUTATION_GUARD):
        return doing
    why = await findings.pause_of_batch(pool, batch.id) if wait.reason == "paused" else None
    if why is not None:
        return replace(doing, wait=Wait(REPUTATION_GUARD, sentence=why))
    if wait.reason == REPUTATION_GUARD:
        why = await why_held(pool, batch.account_id, batch.channel, wait.gateway)
        return replace(doing, wait=replace(wait, sentence=why))
    return doing


async def change_batch(
    pool: Connections, client: Client, batch: Batch, kind: BatchChangeKind, gateway: str = ""
) -> Batch:
    """Have the batch's workflow apply a change; returns the changed batch. ``gateway``: of ``switch_gateway``.

    Raises:
        ConflictError: it has ended, or is being cancelled; or it waits for approval and cannot be resumed.
        UnavailableError: it has not begun yet, or no worker answers.
        RPCError: Temporal refused it.
    """
    if batch.state in ENDED:
        raise _ended()
    if kind == "resume" and await approvals.is_batch_held(pool, batch.id):
        raise ConflictError("approval_needed", "this batch waits for the approval of the staff: it begins with it")
    try:
        await change_workflow(client, batch_workflow_id(batch.id), BatchChange(str(uuid4()), kind, gateway))
    except ChangeRefused:
        if batch.state == _STORED:
            raise UnavailableError("unavailable", "the batch has not begun yet: try again") from None
        raise _ended() from None
    if kind == "resume":  # the reputation guard counts anew from now on
        await findings.end(pool, Subject("batch", str(batch.id), batch.account_id, batch.channel))
    return await find_batch(pool, batch.id)


Steering = Literal["pause", "resume", "cancel"]
ACTIONS: dict[Steering, str] = {"pause": "batch.paused", "resume": "batch.resumed", "cancel": "batch.cancelled"}
"""What staff may do to a batch, with its name in the audit log."""


async def steer_batch(
    change: Change, connect: Callable[[], Awaitable[Client]] | None, batch_id: UUID, kind: Steering
) -> Batch:
    """Pause, resume or cancel any batch; without a way to ``connect`` to Temporal only check whether that is possible.

    Raises:
        NotFoundError: there is no such batch.
        ConflictError, UnavailableError, RPCError: as in ``change_batch``.
    """
    batch = await find_batch(change.store, batch_id)
    change.about("batch", batch_id)
    if batch.state in ENDED:
        raise _ended()
    if connect is None:
        return batch
    changed = await change_batch(change.store, await connect(), batch, kind)
    change.compare({"state": batch.state}, {"state": changed.state})
    return changed


async def cancel_for_account(client: Client, batch_id: UUID) -> None:
    """Have a batch end whose account is suspended or deleted, also if it is paused or scheduled far ahead. It may be
    repeated: the workflow applies it once.

    Raises:
        RPCError: Temporal does not answer.
    """
    change = BatchChange(str(uuid5(_OF_ACCOUNTS, str(batch_id))), "cancel")
    try:
        await client.get_workflow_handle(batch_workflow_id(batch_id)).signal("change", change)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:  # the sweep handles batches without a workflow
            raise


def _ended() -> ConflictError:
    return ConflictError("batch_ended", "this batch has ended, or is being cancelled")

"""Reading, starting and cancelling operations."""

from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain.errors import ConflictError, ForbiddenError, NotFoundError
from domain.ids import operation_workflow_id
from runtime.search_attributes import attributes
from services.changes import Change
from services.operations.registry import KINDS
from services.persons.erasing import ERASE, asked_in
from services.sending.page_runs import RPC_TIMEOUT
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Connections
from workflows.policy import OPERATIONS_QUEUE

log = structlog.get_logger()

ENDED = ("done", "failed", "cancelled")
"""States of operations that have ended."""


async def find_operation(store: Connections, operation_id: UUID, owner_id: int | None = None) -> Operation:
    """An operation; with an owner only if that account's key began it.

    Raises:
        NotFoundError: there is none.
    """
    operation = await operations.find(store, operation_id, owner_id)
    if operation is None:
        raise _unknown()
    return operation


async def start_operation(client: Client, operation: Operation) -> None:
    """Start the workflow of an operation that has not ended. One that runs is left alone: an id runs once at a time.

    Raises:
        RPCError: Temporal does not answer.
    """
    erasure = [asked_in(operation)] if operation.kind == ERASE else []
    with suppress(WorkflowAlreadyStartedError):
        await client.start_workflow(
            "OperationWorkflow",
            args=[str(operation.id), *erasure],
            id=operation_workflow_id(operation.id),
            task_queue=OPERATIONS_QUEUE,
            search_attributes=attributes(lane="operations"),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            rpc_timeout=RPC_TIMEOUT,
        )


async def start_soon(client: Client, operation: Operation) -> None:
    """The same, if Temporal answers; else a worker starts it."""
    try:
        await start_operation(client, operation)
    except RPCError as error:
        log.warning("an operation is started later", operation=str(operation.id), error=error.message)


async def cancel_own_operation(change: Change, operation_id: UUID, owner_id: int, scopes: Collection[str]) -> Operation:
    """The same for an account, of what its keys began; by a key that could begin it.

    Raises:
        NotFoundError: there is none, or none of this account.
        ForbiddenError: these scopes could not begin it.
        ConflictError: as in ``cancel_operation``.
    """
    found = await find_operation(change.store, operation_id, owner_id)
    kind = KINDS.get(found.kind)
    if kind is not None and kind.scope and kind.scope not in scopes:
        change.about("operation", found.id, found.kind)
        raise ForbiddenError("scope_missing", f"this key lacks the scope {kind.scope!r}")
    return await cancel_operation(change, operation_id)


async def cancel_operation(change: Change, operation_id: UUID) -> Operation:
    """End an operation before its next slice; what it has done stays. A repeat changes nothing.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended otherwise, or its kind must be done as a whole.
    """
    before = await operations.lock(change.store, operation_id)
    if before is None:
        raise _unknown()
    change.about("operation", before.id, before.kind)
    if before.state == "cancelled":
        return before
    if before.state in ENDED:
        raise ConflictError("operation_ended", f"the operation has ended: it is {before.state}")
    if not may_be_cancelled(before):
        raise ConflictError("operation_not_cancellable", f"an operation {before.kind} is always done as a whole")
    await operations.cancel(change.store, operation_id)
    after = await find_operation(change.store, operation_id)
    change.compare({"state": before.state}, {"state": after.state})
    return after


def may_be_cancelled(operation: Operation) -> bool:
    """Whether it can still be ended before it is done: it has not ended, and its kind need not be done as a whole."""
    kind = KINDS.get(operation.kind)
    return operation.state not in ENDED and (kind is None or kind.may_be_cancelled)


def _unknown() -> NotFoundError:
    return NotFoundError("operation_not_found", "there is no operation with this id")

"""Reading and cancelling operations, for the API and the command line."""

from uuid import UUID

from domain.errors import ConflictError, NotFoundError
from services.changes import Change
from services.operations.registry import KINDS
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Connections

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
    if before.kind in KINDS and not KINDS[before.kind].may_be_cancelled:
        raise ConflictError("operation_not_cancellable", f"an operation {before.kind} is always done as a whole")
    await operations.cancel(change.store, operation_id)
    after = await find_operation(change.store, operation_id)
    change.compare({"state": before.state}, {"state": after.state})
    return after


def _unknown() -> NotFoundError:
    return NotFoundError("operation_not_found", "there is no operation with this id")

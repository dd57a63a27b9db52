"""Working operations off: a slice at a time, each in one transaction with its progress.

Whatever is killed in between, each item is done once: a slice that was not stored did not happen.
"""

from uuid import UUID

from temporalio.client import Client

from domain.errors import XsenderError
from domain.keyring import Keyring
from domain.operations.slices import OperationRest, Sliced
from services.operations.kinds import Kind, Slice
from services.operations.registry import KINDS
from services.sending.page_start import StartPage
from store.operations import operations
from store.operations.operations import Operation
from store.pool import InTransaction, Pool

_OPEN = ("queued", "running")
_OVER = OperationRest(is_over=True)
_FAILED = OperationRest(is_over=True, outcome="failed")


async def work_on(pool: Pool, client: Client, keyring: Keyring, start: StartPage, operation_id: UUID) -> OperationRest:
    """Do the next slice of an operation, unless it has ended."""
    try:
        async with pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            operation = await operations.lock(store, operation_id)  # concurrent repeats wait here
            if operation is None or operation.state not in _OPEN:
                return _OVER
            kind = KINDS.get(operation.kind)
            if kind is None:
                await operations.fail(store, operation_id, "kind_unknown", "this release does not know this kind")
                return _FAILED
            work = Slice(operation, store, client, keyring, start)
            sliced = await _slice(kind, work)
            state = await operations.record(store, operation, sliced)
    except XsenderError as error:
        await operations.fail(pool, operation_id, error.code, error.message)
        return _FAILED
    for act in work.afterwards:
        await act(pool)
    return OperationRest(state not in _OPEN, sliced.pause)


async def _slice(kind: Kind, work: Slice) -> Sliced:
    operation: Operation = work.operation
    if operation.state == "queued":
        await operations.begin(work.store, operation.id, await kind.count(work))
    return await kind.slice(work)


async def give_up(pool: Pool, operation_id: UUID) -> None:
    """End an operation whose slice fails at each try."""
    await operations.fail(pool, operation_id, "fault", "a part of it fails at each try: the worker's log says why")

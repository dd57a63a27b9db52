"""Accepting a batch: stored in one transaction, then its workflow is started, then it is answered."""

from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError

from api.http.errors import OutcomeUnknownError, nothing_accepted, outcome_unknown
from api.http.idempotency import KeyClaim
from api.sending.parse_request import RequestedBatch
from api.sending.starts import START_SECONDS, Starts
from domain.batches.batch import BatchHeader
from services.batch_approvals import needed_for
from services.sending.batch_header import header_of
from services.sending.start_batch import start_batch
from store import idempotency
from store.batches import batches
from store.pool import Pool


async def accept_batch(pool: Pool, starts: Starts, client: Client, asked: RequestedBatch, claimed: KeyClaim) -> bytes:
    """Store a batch, start its workflow, and return the answer's body.

    Raises:
        ApiError: 503, nothing was accepted.
        OutcomeUnknownError: Temporal did not answer; a repeat with the same idempotency key resolves it.
        ConflictError: another request with the same idempotency key is in progress.
    """
    stored = asked.batch.stored
    if claimed.scope is not None and claimed.id != stored.id:  # an earlier try with this key stored nothing
        await idempotency.bind_keys(pool, [idempotency.KeyBinding(claimed.scope, claimed.id, stored.id)])
    async with starts.turn(stored.account_id, 0):  # its content waits in the database
        needs = await needed_for(pool, stored.cost)
        await batches.store(pool, stored, claimed.scope, asked.answer, needs)
        try:
            await _start(client, header_of(stored, paused=needs is not None))
        except OutcomeUnknownError:
            # A deleted batch has nothing to send if it starts after all. One with a key is kept for the
            # repeat, which may be in progress already.
            if claimed.scope is None and await batches.delete_unstarted(pool, stored.id):
                raise nothing_accepted("Temporal did not answer in time") from None
            if claimed.scope is not None:
                raise
    return asked.answer


async def finish_batch(pool: Pool, client: Client, claimed: KeyClaim) -> bytes | None:
    """Finish an earlier try with the same key; ``None``: it stored nothing.

    Raises:
        OutcomeUnknownError: Temporal does not answer; whether the batch was started is not known.
    """
    header = None if claimed.prepared is None else await batches.header(pool, claimed.id)
    if header is None:
        return None
    await _start(client, header)
    return claimed.prepared


async def _start(client: Client, header: BatchHeader) -> None:
    try:
        await start_batch(client, header, START_SECONDS)
    except (TimeoutError, RPCError):
        raise outcome_unknown(UUID(header.batch_id)) from None

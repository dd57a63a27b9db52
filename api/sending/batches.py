"""Accepting a batch: stored in one transaction, then its workflow is started, then it is answered."""

from dataclasses import dataclass
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError

from api.http.errors import OutcomeUnknownError, nothing_accepted, outcome_unknown
from api.http.idempotency import KeyClaim
from api.sending.starts import START_SECONDS, Starts
from domain.batches.batch import BatchHeader
from services.sending.batch_pages import NewBatch
from services.sending.start_batch import header_of, start_batch
from store import idempotency
from store.batches import batches
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class RequestedBatch:
    """A batch that somebody asked for, and what is answered once it is accepted."""

    batch: NewBatch
    answer: bytes


async def accept_batch(pool: Pool, starts: Starts, client: Client, asked: RequestedBatch, claimed: KeyClaim) -> bytes:
    """Store a batch, start its workflow, and return the answer's body.

    Raises:
        ApiError: 503, nothing was accepted.
        OutcomeUnknownError: Temporal did not answer; the repeat with the same idempotency key finds out.
        ConflictError: another request with the same idempotency key is at work.
    """
    stored = asked.batch.stored
    if claimed.place is not None and claimed.id != stored.id:  # an earlier try with this key stored nothing
        await idempotency.bind_keys(pool, [idempotency.KeyBinding(claimed.place, claimed.id, stored.id)])
    async with starts.turn(stored.account_id, 0):  # its content waits in the database
        await batches.store(pool, stored, claimed.place, asked.answer)
        try:
            await _start(client, header_of(stored))
        except OutcomeUnknownError:
            # A batch that is taken back has nothing to send when it starts after all. One with a key is kept for the
            # repeat, which may be at work already.
            if claimed.place is None and await batches.forget_unstarted(pool, stored.id):
                raise nothing_accepted("Temporal did not answer in time") from None
            if claimed.place is not None:
                raise
    return asked.answer


async def finish_batch(pool: Pool, client: Client, claimed: KeyClaim) -> bytes | None:
    """Finish what an earlier try with the same key began; ``None``: it stored nothing.

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

"""A batch as its workflow takes it, and how large its pages are."""

from domain.batches.batch import BatchHeader
from domain.channels import Channel
from domain.limits import BATCH_LIMITS
from services.sending.batch_pages import page_size
from store.batches import batches
from store.gateways import routing
from store.pool import Pool


async def page_sizes(pool: Pool, account_id: int, channel: Channel) -> dict[str, int]:
    """Messages per page, by requested gateway; "": none is requested."""
    candidates = (await routing.candidates(pool, [account_id], channel))[account_id].candidates
    sizes = {c.identifier: page_size(c.per_second) for c in reversed(candidates)}
    sizes[""] = page_size(candidates[0].per_second if candidates else None)
    return sizes


def header_of(batch: batches.NewBatch, *, paused: bool = False) -> BatchHeader:
    """The input of a new batch's workflow."""
    return BatchHeader(
        *(str(batch.id), batch.account_id, batch.channel, batch.lane, batch.streams, paused),
        limits=BATCH_LIMITS,
        key=batch.key,
    )

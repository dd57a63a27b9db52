"""What the workflow of a batch asks of the store: its pages, and to show where it is."""

from uuid import UUID

from temporalio import activity

from domain.batches.batch import BatchPage, BatchState, PageList
from store.batches import batches
from store.pool import Pool


class Batches:
    """Short statements, each safe to repeat."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="list_pages")
    async def list_pages(self, wanted: PageList) -> list[BatchPage]:
        """The next pages of a batch."""
        return await batches.list_pages(self._pool, UUID(wanted.batch_id), wanted.first, wanted.last)

    @activity.defn(name="open_pages")
    async def open_pages(self, page_ids: list[str]) -> list[str]:
        """Those of these pages that have messages without an outcome."""
        return list(map(str, await batches.open_pages(self._pool, [UUID(page_id) for page_id in page_ids])))

    @activity.defn(name="show_batch")
    async def show_batch(self, batch: BatchState) -> None:
        """Show a batch's state in the record."""
        await batches.show_state(self._pool, UUID(batch.batch_id), batch.state)

    @activity.defn(name="finish_batch")
    async def finish_batch(self, batch: BatchState) -> None:
        """End a batch: cancel what has not had its turn, and forget what the pages say."""
        await batches.finish(self._pool, UUID(batch.batch_id), batch.state)

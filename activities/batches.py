"""Activities of the batch workflow: reading its pages, and recording its state."""

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
        """Which of these pages have messages without an outcome."""
        return list(map(str, await batches.open_pages(self._pool, [UUID(page_id) for page_id in page_ids])))

    @activity.defn(name="show_batch")
    async def show_batch(self, batch: BatchState) -> None:
        """Record a batch's state."""
        await batches.show_state(self._pool, UUID(batch.batch_id), batch.state)

    @activity.defn(name="finish_batch")
    async def finish_batch(self, batch: BatchState) -> None:
        """End a batch: cancel messages that were not started, and delete the contents of its pages."""
        await batches.finish(self._pool, UUID(batch.batch_id), batch.state)

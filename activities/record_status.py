"""record_status: final states not decided by a gateway, and the credits of final messages."""

from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity

from domain.ids import PAGE_SIZE, message_uid
from domain.messages.page import RecordRequest, RescheduleRequest
from store.callbacks import callbacks
from store.messages import attachments, pages
from store.pool import Pool


class RecordStatus:
    """Statuses, capture or release: a handful of statements for the whole page, each safe to repeat."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="record_status")
    async def record_status(self, request: RecordRequest) -> list[str]:
        """Write the request's final states, then capture or release the credits of the page's final messages.

        Returns the customers' endpoints to wake.
        """
        page_id = UUID(request.page_id)
        first, last = page_id, message_uid(page_id, PAGE_SIZE - 1)
        if request.lost:
            uids = [message_uid(page_id, index) for index in request.lost]
            await pages.give_up(self._pool, uids, request.lost_attempt)
        if request.endings:
            verdicts = [
                pages.FinalState(message_uid(page_id, index), ending.state, ending.code, ending.reason)
                for ending in request.endings
                for index in ending.indexes
            ]
            await pages.record_final_states(self._pool, verdicts)
        if not await pages.settle(self._pool, first, last):
            return []
        return list(map(str, await callbacks.queue_page(self._pool, first, last)))

    @activity.defn(name="record_schedule")
    async def record_schedule(self, request: RescheduleRequest) -> float:
        """Record a message's new time, and keep its attachments until then.

        Returns the database's time (Unix seconds).
        """
        uid, at = UUID(request.uid), datetime.fromtimestamp(request.at, UTC)
        await attachments.keep_longer(self._pool, uid, at)
        return await pages.reschedule(self._pool, uid, at)

"""check_credit: record a page's messages and hold their credits."""

from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity

from domain.ids import PAGE_SIZE, index_of, message_uid
from domain.page import PageHeader
from domain.page_content import PageContent, PageMessage
from store import pages
from store.pool import Pool


class CheckCredit:
    """Account active, plan, quota, suppression, price, hold: one idempotent transaction for the page."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="check_credit")
    async def check_credit(self, page: PageHeader, content: bytes) -> list[int]:
        """Returns the indexes of the messages that were refused, and of those cancelled before their turn came."""
        page_id = UUID(page.page_id)
        if page.stored:
            last = message_uid(page_id, PAGE_SIZE - 1)
            stored = await pages.hold_stored(self._pool, page.account_id, page.channel, page_id, last)
            return sorted(map(index_of, stored))
        messages = PageContent.decode(content).messages
        shares = page.by_account(range(page.size)).items()
        refused = await pages.hold(
            self._pool, *(_share(page, account_id, indexes, messages) for account_id, indexes in shares)
        )
        return sorted(map(index_of, refused))


def _share(page: PageHeader, account_id: int, indexes: list[int], messages: list[PageMessage]) -> pages.PageRows:
    page_id = UUID(page.page_id)
    mine = [messages[index] for index in indexes]
    return pages.PageRows(
        account_id=account_id,
        channel=page.channel,
        uids=[message_uid(page_id, index) for index in indexes],
        recipients=[m.to for m in mine],
        prices=[m.price for m in mine],
        schedule_at=[datetime.fromtimestamp(m.due, UTC) if m.due else None for m in mine],
        on_unknown=[m.on_unknown for m in mine],
        exempt=page.exempt,
    )

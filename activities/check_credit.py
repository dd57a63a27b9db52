"""check_credit: record a page's messages and hold their credits."""

from datetime import UTC, datetime
from uuid import UUID

from temporalio import activity

from domain.ids import message_uid
from domain.page import PageHeader
from domain.page_content import PageContent
from store import pages
from store.pool import Pool


class CheckCredit:
    """Account active, plan, quota, suppression, price, hold: one idempotent transaction for the page."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="check_credit")
    async def check_credit(self, page: PageHeader, content: bytes) -> list[int]:
        """Returns the indexes of the messages that were refused and recorded as ``rejected``."""
        page_id = UUID(page.page_id)
        messages = PageContent.decode(content).messages
        refused = await pages.hold(
            self._pool,
            pages.PageRows(
                account_id=page.account_id,
                channel=page.channel,
                uids=[message_uid(page_id, index) for index in range(page.size)],
                recipients=[m.to for m in messages],
                prices=[m.price for m in messages],
                schedule_at=[datetime.fromtimestamp(m.due, UTC) if m.due else None for m in messages],
                on_unknown=[m.on_unknown for m in messages],
            ),
        )
        return sorted(refused)

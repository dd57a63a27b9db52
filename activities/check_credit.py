"""check_credit: record a page's messages and hold their credits."""

from temporalio import activity

from domain.messages.page import PageHeader
from services.sending.hold_page import hold_page
from store.pool import Pool


class CheckCredit:
    """Account active, plan, quota, suppression, price, hold: one idempotent transaction for the page."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="check_credit")
    async def check_credit(self, page: PageHeader, content: bytes) -> list[int]:
        """Returns the indexes of the messages that were refused, and of those cancelled before they were started."""
        return await hold_page(self._pool, page, content)

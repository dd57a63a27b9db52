"""next_step: whether a message needs its fallback, and the page in which that is sent."""

from uuid import UUID

from temporalio import activity

from domain.fallback import Awaited, Fallback
from domain.ids import message_uid
from domain.page import NextStep, PageHeader
from domain.page_content import PageContent, PageMessage
from store import fallbacks
from store.pool import Pool


class FallBack:
    """One look at the record, which fixes the decision: it is the same when asked again."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="next_step")
    async def next_step(self, page: PageHeader, content: bytes, index: int, late: bool) -> NextStep:
        """Decide for one message of a page; ``late``: its time to arrive is over."""
        decoded = PageContent.decode(content)
        first, *others = decoded.messages[index].fallback
        uid = message_uid(UUID(page.page_id), index)
        kind, next_page = await fallbacks.next_step(self._pool, uid, first.unless, late=late)
        if next_page is None:
            return NextStep(kind)
        header, carried = _page(next_page, page, index, first, others, decoded)
        return NextStep(kind, header, carried.encode().decode())


def _page(
    page_id: UUID, before: PageHeader, index: int, step: Fallback, others: list[Fallback], content: PageContent
) -> tuple[PageHeader, PageContent]:
    """A page of one message, with the steps that are left for after it."""
    message = PageMessage(step.to, step.price, step.content, fallback=tuple(others))
    header = PageHeader(
        str(page_id),
        before.account_of(index),
        step.channel,
        1,
        requested={step.gateway: [0]} if step.gateway else {},
        lane=before.lane,
        awaited=[Awaited(0, others[0].after)] if others else [],
    )
    return header, PageContent(content.contents, [message])

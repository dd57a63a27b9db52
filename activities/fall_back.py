"""follow_up: which messages need their fallbacks, and the pages in which those are sent."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from temporalio import activity
from temporalio.common import Priority

from activities.engine_clock import EngineClock
from activities.started_with import started_content
from domain.channels import Channel
from domain.ids import index_of, message_uid, new_page_id, page_of
from domain.messages.after_dispatch import FollowedUp, FollowUp, NextStep
from domain.messages.fallback import Fallback
from domain.messages.new_page import all_of, new_page
from domain.messages.page import KeyTerms, PageHeader
from domain.messages.page_content import PageContent, PageMessage
from services.sending.start_page import start_page
from store.messages import fallbacks
from store.pool import Pool


class FallBack:
    """Decisions are recorded: a repeated call gets the same ones."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="follow_up")
    async def follow_up(self, request: FollowUp, content: bytes) -> FollowedUp:
        """Decide for messages of a page, and start pages with the due fallbacks, one page per channel.

        ``content`` is the page's; when it is empty, it is read where the workflow started with it.
        """
        clock = EngineClock()
        page_id = UUID(request.page.page_id)
        decoded = PageContent.decode(content or await started_content())
        waiting, pages = await self._decide(page_id, request.looks, decoded)
        for next_page, members in (await fallbacks.members(self._pool, page_id, pages)).items():
            indexes = [index_of(uid) for uid in members.uids]
            header, carried = _page(next_page, request.page, indexes, decoded, members.key, members.purposes)
            await start_page(
                activity.client(),
                header,
                carried.encode(),
                task_queue=request.queue,
                priority=Priority(priority_key=request.priority, fairness_key=str(header.account_id)),
            )
        return FollowedUp(waiting, clock.now())

    async def _decide(
        self, page_id: UUID, looks: Sequence[tuple[int, bool]], content: PageContent
    ) -> tuple[list[int], set[UUID]]:
        """Which messages may still arrive, and the pages of the fallbacks of those that need them."""
        waiting: list[int] = []
        pages: set[UUID] = set()
        by_channel: dict[str, list[fallbacks.Look]] = {}
        for index, late in looks:
            step = content.messages[index].fallback[0]
            look = fallbacks.Look(message_uid(page_id, index), step.unless, late)
            by_channel.setdefault(step.channel, []).append(look)
        for together in by_channel.values():
            decisions = await fallbacks.decide(self._pool, together, new_page_id())
            for look, (kind, fallback_uid) in zip(together, decisions, strict=True):
                if kind == "wait":
                    waiting.append(index_of(look.uid))
                elif fallback_uid is not None:
                    pages.add(page_of(fallback_uid))
        return waiting, pages

    @activity.defn(name="next_step")
    async def next_step(self, page: PageHeader, content: bytes, index: int, late: bool) -> NextStep:
        """The same for one message of a page that was started before pages carried their limits."""
        decoded = PageContent.decode(content)
        uid = message_uid(UUID(page.page_id), index)
        unless = decoded.messages[index].fallback[0].unless
        kind, next_page = await fallbacks.next_step(self._pool, uid, unless, late=late)
        if next_page is None:
            return NextStep(kind)
        header, carried = _page(next_page, page, [index], decoded)
        return NextStep(kind, header, carried.encode().decode())


def _page(
    page_id: UUID,
    before: PageHeader,
    indexes: list[int],
    content: PageContent,
    key: KeyTerms | None = None,
    purposes: Sequence[str] = (),
) -> tuple[PageHeader, PageContent]:
    """The page of these messages' fallbacks, with the remaining steps, sent with the same key, for the same
    purposes (none: that of the lane).

    It carries only their own contents: carrying all contents of the first page for each message would grow with the
    square of their number.
    """
    places: dict[int, int] = {}

    def placed(step: Fallback) -> Fallback:
        return replace(step, content=places.setdefault(step.content, len(places)))

    requested: dict[str, list[int]] = {}
    messages: list[PageMessage] = []
    for place, index in enumerate(indexes):
        step, *others = map(placed, content.messages[index].fallback)
        messages.append(PageMessage(step.to, step.price, step.content, fallback=tuple(others)))
        if step.gateway:
            requested.setdefault(step.gateway, []).append(place)
    channel = content.messages[indexes[0]].fallback[0].channel
    carried = PageContent([content.contents[place] for place in places], messages)
    header = new_page(
        page_id,
        channel,
        [before.account_id],
        messages,
        requested,
        lane=before.lane,
        keyed=all_of(key, len(messages)),
        senders=carried.senders() if channel == Channel.EMAIL else {},
        purposes=purposes,
    )
    return header, carried

"""Recording a page's messages and holding their credits."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from domain.channels import Channel
from domain.ids import PAGE_SIZE, index_of, message_uid
from domain.messages.page import PageHeader, Share
from domain.messages.page_content import PageContent
from store.batches import batches
from store.messages import copies, pages
from store.pool import Pool


async def hold_page(pool: Pool, page: PageHeader, content: bytes, accounts: Collection[int] | None = None) -> list[int]:
    """Account active, plan, quota, suppression, price, hold: one idempotent transaction for the page.

    ``accounts``: of a page that several share, only their messages; ``None``: all.
    Returns the indexes of the messages that were refused, and of those cancelled before they were started.
    """
    if page.stored:
        return await _hold_stored(pool, page)
    opened = PageContent.decode(content)
    shares = [
        _rows(page, share, opened, await _prices(pool, page, share.account_id, share.indexes, opened))
        for share in page.shares(range(page.size))
        if accounts is None or share.account_id in accounts
    ]
    templates = (UUID(page.page_id), page.templates) if page.templates else None
    return sorted(map(index_of, await pages.hold(pool, *shares, templates=templates)))


async def _hold_stored(pool: Pool, page: PageHeader) -> list[int]:
    page_id = UUID(page.page_id)
    if page.channel == Channel.EMAIL and (raw := await batches.page_content(pool, page_id)):
        opened = PageContent.decode(raw)
        indexes = list(range(page.size))
        before = [message.price for message in opened.messages]
        prices = await _prices(pool, page, page.account_id, indexes, opened)
        if changed := {message_uid(page_id, i): prices[i] for i in indexes if prices[i] != before[i]}:
            await copies.set_prices(pool, changed)
    last = message_uid(page_id, PAGE_SIZE - 1)
    return sorted(map(index_of, await pages.hold_stored(pool, page.account_id, page.channel, page_id, last)))


async def _prices(pool: Pool, page: PageHeader, account_id: int, indexes: list[int], content: PageContent) -> list[int]:
    """Prices of messages of one account: copies to opted-out recipients are not sent, and not charged."""
    prices = [content.messages[index].price for index in indexes]
    paid = [content.copies(index) if price else () for index, price in zip(indexes, prices, strict=True)]
    addresses = {one for cc in paid for one in cc}
    if page.exempt or not addresses:
        return prices
    opted_out = await copies.opted_out(pool, account_id, sorted(addresses))
    return [
        price // (1 + len(cc)) * (1 + len(cc) - len(opted_out.intersection(cc)))
        for price, cc in zip(prices, paid, strict=True)
    ]


def _rows(page: PageHeader, share: Share, content: PageContent, prices: list[int]) -> pages.PageRows:
    page_id = UUID(page.page_id)
    mine = [content.messages[index] for index in share.indexes]
    return pages.PageRows(
        account_id=share.account_id,
        channel=page.channel,
        uids=[message_uid(page_id, index) for index in share.indexes],
        recipients=[m.to for m in mine],
        prices=prices,
        schedule_at=[datetime.fromtimestamp(m.due, UTC) if m.due else None for m in mine],
        on_unknown=[m.on_unknown for m in mine],
        exempt=page.exempt,
        key=share.key,
        purposes=None if page.is_transactional else page.purposes_of(share.indexes),
    )

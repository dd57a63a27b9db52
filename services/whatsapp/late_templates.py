"""Sends templates that follow messages of which WhatsApp reported later that it took no text."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from temporalio.client import Client

from domain.channels import Channel
from domain.messages.new_page import all_of, new_page
from domain.messages.page import KeyTerms
from domain.messages.page_content import Content, PageContent, PageMessage
from services.sending.start_page import start_page
from store.messages import fallbacks
from store.pool import Pool
from store.whatsapp import late_templates
from store.whatsapp.late_templates import LatePage
from workflows.policy import start_options


async def send_late_templates(pool: Pool, client: Client, uids: Collection[UUID] | None = None) -> int:
    """Send templates that are due, each once; ``uids``: only those of these messages. Returns how many.

    Each is a message of its own, the fallback of the one that failed, whose credits are returned. Idempotent.

    Raises:
        RPCError: Temporal does not answer: maintenance sends the rest.
    """
    pages = await late_templates.take(pool, uids)
    for page in pages:
        members = (await fallbacks.members(pool, page.of, [page.id]))[page.id]
        await _start(client, page, members.key, members.purposes)
        await late_templates.sent(pool, page.uids)
    return sum(len(page.uids) for page in pages)


async def send_all_late_templates(pool: Pool, client: Client) -> None:
    """Send all that are due and were left behind."""
    while await send_late_templates(pool, client) == late_templates.AT_A_TIME:
        pass


async def _start(client: Client, page: LatePage, key: KeyTerms | None, purposes: list[str]) -> None:
    contents: list[Content] = []
    messages: list[PageMessage] = []
    for one in map(PageContent.decode, page.contents):
        messages += [replace(message, content=message.content + len(contents)) for message in one.messages]
        contents += one.contents
    content = PageContent(contents, messages)
    header = new_page(
        page.id,
        Channel.WHATSAPP,
        [page.account_id],
        messages,
        {page.gateway: list(range(len(messages)))},
        lane=page.lane,
        keyed=all_of(key, len(messages)),
        purposes=purposes,
    )
    await start_page(client, header, content.encode(), **start_options(page.lane, page.account_id))

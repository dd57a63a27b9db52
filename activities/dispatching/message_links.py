"""The short links of a dispatch's messages: their codes are on record before a message is handed over."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.ids import message_uid
from domain.links.shortening import ShortLinks
from domain.messages.outbound import Outbound
from domain.messages.page_content import PageContent
from store.links import short_links
from store.pool import Pool, retry_until_available


class MessageLinks:
    """Of the messages of one page. Messages without short links cost nothing."""

    def __init__(self, pool: Pool, page_id: UUID, content: PageContent) -> None:
        self._pool = pool
        self._page_id = page_id
        self._content = content
        self._has_any = any(one.links for one in content.contents)
        self._codes: dict[UUID, list[str]] = {}

    async def prepare(self, indexes: Sequence[int]) -> None:
        """Get the codes of these messages, in one statement. Each call gets the same ones."""
        if not self._has_any:
            return
        wanted = {message_uid(self._page_id, index): links.targets for index in indexes if (links := self._of(index))}
        if wanted:
            self._codes |= await retry_until_available(lambda: short_links.codes_of(self._pool, wanted))

    def fill(self, index: int, message: Outbound) -> Outbound:
        """The message with its links."""
        links = self._of(index) if self._has_any else None
        if links is None:
            return message
        codes = self._codes[message.uid]
        template = None if message.template is None else _filled(message.template, links, codes)
        return replace(message, body=links.filled(message.body, codes), template=template)

    def _of(self, index: int) -> ShortLinks | None:
        return self._content.contents[self._content.messages[index].content].links


def _filled(value: Any, links: ShortLinks, codes: Sequence[str]) -> Any:
    if isinstance(value, str):
        return links.filled(value, codes)
    if isinstance(value, dict):
        return {name: _filled(inner, links, codes) for name, inner in value.items()}
    return [_filled(inner, links, codes) for inner in value] if isinstance(value, list) else value

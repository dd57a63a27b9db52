"""Templates of WhatsApp in the base language, where messages allow it and Meta has not approved the one that they ask
for."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from domain.messages.outbound import Outbound
from domain.messages.page_content import PageContent
from domain.whatsapp.templates import in_base_language
from store.pool import Pool, retry_until_available
from store.whatsapp import templates

_MARK = '"language_fallback"'


class TemplateLanguages:
    """Of one dispatch. Messages that allow no other language cost nothing."""

    def __init__(self, pool: Pool, gateway_id: UUID, content: PageContent) -> None:
        self._pool = pool
        self._gateway_id = gateway_id
        texts = [text for one in content.contents for text in (one.template, one.if_closed) if text]
        self._names = {str(orjson.loads(text).get("name")) for text in texts if _MARK in text}
        self._approved: dict[str, Collection[str]] = {}

    async def prepare(self) -> None:
        """Read what is approved, in one statement."""
        if self._names:
            self._approved |= await retry_until_available(
                lambda: templates.approved_languages(self._pool, self._gateway_id, self._names)
            )

    def fit(self, message: Outbound) -> Outbound:
        """The message, in the language in which it can be sent."""
        template: dict[str, Any] | None = message.template if self._approved else None
        return message if template is None else replace(message, template=in_base_language(template, self._approved))

"""Reads the templates of a WhatsApp Business Account (Graph API, ``/{waba}/message_templates``)."""

import re
from urllib.parse import urlencode

from domain.whatsapp.templates import ProviderTemplate, template_of
from gateways.answers import parse
from gateways.base import TemplatesUnreadable
from gateways.meta.paging import next_cursor
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer
from gateways.whatsapp.meta_errors import meta_reason

_FIELDS = "id,name,language,category,status,quality_score,rejected_reason,components"
_PER_PAGE = 100
_MOST_PAGES = 60
"""Meta allows 6,000 templates in all languages."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A character that PostgreSQL stores in no text, as JSON writes it."""


async def read_templates(
    http: HttpClient, base: str, account: str, token: str, seconds: float
) -> list[ProviderTemplate]:
    """All of them, page by page. Where a next page is to be found is computed here: an answer must not lead elsewhere.

    Raises:
        TemplatesUnreadable: Meta did not answer, or with something else.
    """
    found: list[ProviderTemplate] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        query = {"fields": _FIELDS, "limit": _PER_PAGE} | ({"after": after} if after else {})
        url = f"{base}/{account}/message_templates?{urlencode(query)}"
        answer = await http.exchange(call("GET", url, {"authorization": f"Bearer {token}"}, seconds))
        page = _page(answer)
        found += filter(None, map(template_of, page["data"]))
        after = next_cursor(page)
        if after is None:
            return found
    raise TemplatesUnreadable(f"there are more than {_MOST_PAGES * _PER_PAGE} templates")


def _page(answer: object) -> dict[str, list[object]]:
    if not isinstance(answer, Answer):
        raise TemplatesUnreadable(getattr(answer, "reason", "no answer"))
    body = parse(answer)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        raise TemplatesUnreadable(f"Meta answered {answer.status}: {meta_reason(body['error'])}")
    if not 200 <= answer.status < 300 or not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise TemplatesUnreadable(f"answered {answer.status} without templates")
    if _NUL.search(answer.body):
        raise TemplatesUnreadable("answered with a character that no text may have: U+0000")
    return body

"""What Google Ads posts of lead forms: one lead, with the key that its form has
(developers.google.com/google-ads/webhook/docs/implementation)."""

import hashlib
from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidError
from domain.leads.source import SourceSettings
from services.leads.receiving import Arrived
from store.leads.sources import Source

_KEYS = ("google_key", "Google_key", "googleKey")
"""As Google wrote it at one time or another."""
_LONGEST_ID = 4_000


def key_in(body: Mapping[str, Any]) -> str:
    """The key that a post brings; empty: none."""
    found = [body[name] for name in _KEYS if name in body]
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""


def name_of_key(key: str) -> str:
    """The name by which sources with this key are found."""
    return hashlib.sha256(key.encode()).hexdigest()


def arrived(source: Source, body: Mapping[str, Any]) -> Arrived | None:
    """The lead; ``None``: it is of a form that does not count.

    Raises:
        InvalidError: it has no id.
    """
    provider_id, form_id = id_in(body, "lead_id"), id_in(body, "form_id")
    if provider_id is None:
        raise InvalidError("lead_id", "a lead of Google has a lead_id", "/lead_id")
    forms = SourceSettings.of(source.settings).forms
    if forms and form_id not in forms:
        return None
    raw = {name: value for name, value in body.items() if name not in _KEYS}
    return Arrived(source, provider_id, "webhook", raw=raw, form_id=form_id)


def id_in(body: Mapping[str, Any], name: str) -> str | None:
    """An id as text, however it is written; ``None``: there is none."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= _LONGEST_ID else None

"""What Google Ads posts of lead forms: one lead, with the key that its form has
(developers.google.com/google-ads/webhook/docs/implementation)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.leads.reading import google
from domain.leads.source import SourceSettings
from services.leads.receiving import Arrived
from store.leads.sources import Source

_KEYS = ("google_key", "Google_key", "googleKey")
"""As Google wrote it at one time or another."""


def key_in(body: Mapping[str, Any]) -> str:
    """The key that a post brings; empty: none."""
    found = [body[name] for name in _KEYS if name in body]
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""


def arrived(source: Source, body: Mapping[str, Any], now: datetime) -> Arrived | None:
    """The lead; ``None``: it is of a form that does not count.

    Raises:
        InvalidError: it has no id, or cannot be read.
    """
    lead = google.read(body)
    forms = SourceSettings.of(source.settings).forms
    if forms and lead.form_id not in forms:
        return None
    raw = {name: value for name, value in body.items() if name not in _KEYS}
    return Arrived(source, lead.id, "webhook", raw=raw, form_id=lead.form_id, created_time=lead.created_at or now)

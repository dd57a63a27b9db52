"""Where leads come from: what its owner has set of a page, a form or an ad account."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Kind = Literal["meta", "google", "linkedin", "form"]
KINDS: tuple[Kind, ...] = ("meta", "google", "linkedin", "form")

CREDENTIALS: Mapping[str, tuple[str, ...]] = {
    "meta": ("token", "app_secret", "verify_token"),
    "google": ("key",),
    "linkedin": ("token", "client_id", "client_secret"),
    "form": ("secret",),
}
"""By kind, what is sealed. Nobody can read them back."""

HOSTS: Mapping[str, str] = {"meta": "https://graph.facebook.com", "linkedin": "https://api.linkedin.com"}
"""Where leads are fetched."""
VERSIONS: Mapping[str, str] = {"meta": "v26.0", "linkedin": "202609"}
"""Of the providers' APIs, unless a source names another one."""

KEEP_DAYS = 90
"""For so long the raw lead is kept, unless a source says otherwise."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Settings of a source. Those that its kind does not have stay as they are here."""

    page_id: str | None = None
    """Meta: the page."""
    owner: str | None = None
    """LinkedIn: the URN of the ad account or the organization."""
    forms: tuple[str, ...] = ()
    """Ids of forms that count; empty: all."""
    api_version: str | None = None
    api_url: str | None = None
    """Where the provider's API is; ``None``: its own host."""
    origins: tuple[str, ...] = ()
    """Form: the web sites whose pages may post, such as ``https://example.com``; empty: none."""
    redirects: tuple[str, ...] = ()
    """Form: hosts that a browser may be sent on to."""
    honeypot: str | None = None
    """Form: a field that people do not see: whoever fills it in is a robot."""
    min_seconds: int = 0
    """Form: so long people need to fill it in at least; 0: it is not looked at."""
    mapping: tuple[Mapping[str, Any], ...] = ()
    """Ordered rules (``domain.leads.mapping``); empty: those that are usual."""
    country: str | None = None
    """Of numbers without a country code (ISO 3166); ``None``: the account's."""
    update: Literal["fill_empty", "overwrite", "keep"] = "fill_empty"
    """What a lead may change of a contact that is there."""
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    consents: tuple[Mapping[str, Any], ...] = ()
    """What whoever sends the form agrees to: ``{"purpose", "channels", "disclaimer"?, "text"?}``."""
    automation: str | None = None
    """The key of an automation that whoever sends the form enters."""
    reply: Mapping[str, str] | None = None
    """The message that answers: ``{"channel", "template", "gateway"?}``."""
    notify: Mapping[str, Any] | None = None
    """Who is told of each lead."""
    keep_days: int = KEEP_DAYS
    """For so long the raw lead is kept."""
    on_erasure: Literal["erase_lead", "erase_contact"] = "erase_contact"
    """Whether an erasure also deletes a contact that came by no other way."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "SourceSettings":
        """Settings that were checked before they were stored. What another release stored besides is ignored."""
        values: dict[str, Any] = {}
        for name in _NAMES & {name for name, value in stored.items() if value is not None}:
            values[name] = tuple(stored[name]) if isinstance(stored[name], list) else stored[name]
        return cls(**values)


_NAMES = frozenset(one.name for one in fields(SourceSettings))

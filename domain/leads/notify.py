"""Whom the staff notice of a lead goes to, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from domain.audience.contacts.contact import Contact
from domain.countries import country_of

_MOST_NAME = 80
"""Characters of a name in a subject."""
_MOST_ABOUT = 100
_ABOUT = (
    ("campaign", "Campaign"),
    ("adset", "Ad set"),
    ("ad", "Ad"),
    ("form", "Form"),
    ("platform", "Platform"),
)
"""What is said of where a lead came from: by its name, else by its id."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Whom a source's leads are told to."""

    emails: tuple[str, ...] = ()
    by: Literal["all", "round_robin", "country"] = "all"
    countries: Mapping[str, tuple[str, ...]] | None = None
    """By ``country``: whom leads of a country (ISO 3166) are told to; those of all others to ``emails``."""
    callback: bool = False
    """Whether endpoints are posted ``lead.received``."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Notify":
        """A setting that was checked before it was stored."""
        countries = {name: tuple(emails) for name, emails in (stored.get("countries") or {}).items()}
        by, is_posted = stored.get("by", "all"), bool(stored.get("callback"))
        return cls(tuple(stored.get("emails") or ()), by, countries, is_posted)

    def candidates(self, contact: Contact) -> Sequence[str]:
        """Who may be told of this contact."""
        if self.by == "country" and self.countries:
            number = contact.phone or contact.whatsapp
            country = contact.country or (country_of(number) if number else None)
            return self.countries.get(country or "", self.emails)
        return self.emails


def name_of(contact: Contact) -> str:
    """What a contact is called, in one line."""
    name = " ".join(f"{contact.first_name or ''} {contact.last_name or ''}".split())
    return name or contact.email or contact.phone or contact.whatsapp or "somebody"


def subject_of(source: str, contact: Contact) -> str:
    """The subject of the mail."""
    return f"New lead: {name_of(contact)[:_MOST_NAME]} ({source})"


def message_of(source: str, lead_id: UUID, contact: Contact, about: Mapping[str, str], public_url: str | None) -> str:
    """What the mail says: whom to call, what brought the person, and where the lead is listed."""
    parts = [f"{name_of(contact)} filled in a form of {source}.", _links(contact), _about(about)]
    where = f"{public_url.rstrip('/')}/api/leads/{lead_id}" if public_url else f"GET /api/leads/{lead_id}"
    return "\n\n".join(part for part in (*parts, f"The lead: {where}") if part)


def _links(contact: Contact) -> str:
    chat = contact.whatsapp or contact.phone
    lines = (
        contact.phone and f"Call: tel:{contact.phone}",
        chat and f"WhatsApp: https://wa.me/{chat.lstrip('+')}",
        contact.email and f"Mail: mailto:{contact.email}",
    )
    return "\n".join(line for line in lines if line)


def _about(about: Mapping[str, str]) -> str:
    lines = []
    for key, label in _ABOUT:
        said = about.get(f"{key}_name") or about.get(key) or about.get(f"{key}_id")
        if said:
            lines.append(f"{label}: {' '.join(said.split())[:_MOST_ABOUT]}")
    return "\n".join(lines)

"""What keys may do, in words, and how they stand. English: it is translated where it is shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from panel.rendering.words import Look, _

SCOPES: dict[str, tuple[str, str]] = {
    "send": (_("Send"), _("Send, cancel and move messages; change callbacks, keywords and pauses.")),
    "read": (_("Read data"), _("Read messages, batches, callbacks and gateways.")),
    "contacts": (_("Contacts"), _("Read and change contacts, groups and segments; read leads.")),
    "templates": (_("Templates"), _("Read, change and publish templates.")),
    "gateways": (_("Gateways"), _("Add, change and delete gateways of the account; pair phones.")),
    "keys": (_("Keys"), _("Make and revoke keys that may do no more.")),
}
CHANNELS = (("email", _("Email")), ("sms", _("SMS")), ("whatsapp", "WhatsApp"))
LIFETIMES: tuple[tuple[str, str], ...] = (
    ("", _("It never ends")),
    ("7", _("In a week")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
)
OVERLAPS: tuple[tuple[str, str], ...] = (
    ("3600", _("for an hour")),
    ("0", _("not at all")),
    ("86400", _("for a day")),
    ("604800", _("for a week")),
)
_STATES = {
    "revoked": Look("calm", "ban", _("Revoked")),
    "expired": Look("calm", "timer", _("Expired")),
    "valid": Look("good", "circle-check", _("Valid")),
}


def look_of(key: Mapping[str, Any]) -> Look:
    """How a key stands now."""
    if key["revoked_at"]:
        return _STATES["revoked"]
    ends = key["expires_at"]
    return _STATES["expired" if ends and datetime.fromisoformat(ends) <= datetime.now(UTC) else "valid"]


def is_valid(key: Mapping[str, Any]) -> bool:
    """Whether it can still be used."""
    return look_of(key) is _STATES["valid"]


def scope_name(scope: str) -> str:
    """A scope as people read it; one of staff is shown as it is."""
    return SCOPES[scope][0] if scope in SCOPES else scope

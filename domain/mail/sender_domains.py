"""Domains that an account may send emails from: their names, their states, and the DNS records that prove them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.errors import InvalidError
from domain.recipients import InvalidRecipient, normalise_email

MOST_DOMAINS = 50
"""Domains that an account may have."""

OWNERSHIP_HOST = "_xsender"
DKIM_HOST = "_domainkey"
DMARC_HOST = "_dmarc"

FAILING_CHECKS = 3
FAILING_AFTER = timedelta(hours=12)
"""A verified domain is `failing` after so many failed checks in a row, the first of them at least this long ago."""

LOST_CHECKS = 6
LOST_AFTER = timedelta(hours=72)
"""A failing domain is `unverified` again after these."""

_LONGEST = 220
"""Characters of a domain: the names of its records are longer, and a name in the DNS has at most 253."""

_SECOND_LEVELS = frozenset(
    {"ac", "co", "com", "edu", "gob", "gov", "govt", "gouv", "ltd", "me", "mil", "net", "ne", "nom", "or", "org", "plc"}
)
"""Labels under which countries register names for others, as ``co`` in ``co.uk``."""


class DomainState(StrEnum):
    """Whether a domain may be sent from."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    FAILING = "failing"
    """It may still be sent from, but a record of it is gone, and it will soon be unverified."""


USABLE = (DomainState.VERIFIED, DomainState.FAILING)
"""States in which a domain may be sent from."""


class RecordState(StrEnum):
    """What the last check said about a record."""

    UNCHECKED = "unchecked"
    FOUND = "found"
    MISSING = "missing"
    DIFFERENT = "different"
    UNANSWERED = "unanswered"
    """The DNS gave no answer that proves anything."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A record as the DNS has it."""

    purpose: str
    """``ownership``, ``dkim``, ``dkim_next``, ``spf`` or ``dmarc``."""
    state: str
    message: str
    """In plain words: what was found, and what to do."""
    found: list[str] = field(default_factory=list)
    value: str = ""
    """The value to enter, where it depends on what was found."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> "Checked":
        """From its JSON form."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a domain stands after its checks."""

    state: str = DomainState.UNVERIFIED
    failures: int = 0
    """Checks in a row that proved a record to be gone."""
    failing_since: datetime | None = None
    """When the first of them was."""


def after_check(before: Standing, *, proven: bool, disproved: bool, now: datetime) -> Standing:
    """How a domain stands after one more check. A check that proves nothing changes nothing."""
    if proven:
        return Standing(DomainState.VERIFIED)
    if not disproved or before.state == DomainState.UNVERIFIED:
        return before
    since = before.failing_since or now
    failures, age = before.failures + 1, now - since
    if failures >= LOST_CHECKS and age >= LOST_AFTER:
        return Standing(DomainState.UNVERIFIED)
    if failures >= FAILING_CHECKS and age >= FAILING_AFTER:
        return Standing(DomainState.FAILING, failures, since)
    return Standing(before.state, failures, since)


def normalise_domain(text: str) -> str:
    """A domain in its ASCII form (IDNA 2008), in lower case.

    Raises:
        InvalidError: it is none, or one that nobody can own, such as ``com`` or ``co.uk``.
    """
    name = text.strip().removesuffix(".")
    if "@" in name or "/" in name or ":" in name:
        raise _refused("domain_invalid", "write the domain alone, such as example.com")
    try:
        domain = normalise_email(f"a@{name}").rpartition("@")[2].lower()
    except InvalidRecipient:
        raise _refused("domain_invalid", f"{name[:100]!r} is not a domain such as example.com") from None
    labels = domain.split(".")
    if len(labels) < 2 or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVELS):
        raise _refused("domain_public", f"{domain} is a place to register domains at: name the one that you own")
    if len(domain) > _LONGEST:
        raise _refused("domain_invalid", f"a domain has at most {_LONGEST} characters here")
    return domain


def _refused(code: str, message: str) -> InvalidError:
    return InvalidError(code, message, "/domain")

"""Reading untrusted posts: tolerant of new fields, strict about the ones we use."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from domain.recipients import InvalidRecipient, normalise_email
from gateways.answers import clean
from gateways.email.mailbox import InvalidMailbox, parse_mailbox
from gateways.webhooks.webhook import UnreadablePost

MAX_EVENTS = 5000
"""Of one post: providers collect a thousand."""
LINK_CAP = 4096
"""Characters of an address that are kept: signed ones are long."""

_NOT_IN_LINKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_MAILBOX_CAP = 320
_UNICODE_DOMAIN_CAP = 64
_MOMENT_CAP = 40
_KEY_CAP = 1000
_YEAR_5000 = 95_617_584_000.0


def objects_in(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array, or the one that stands bare.

    Raises:
        UnreadablePost: it is neither, or the array is too long.
    """
    if isinstance(value, list) and len(value) > MAX_EVENTS:
        raise UnreadablePost(f"more than {MAX_EVENTS} events in one post")
    found = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
    if len(found) < (len(value) if isinstance(value, list) else 1):
        raise UnreadablePost("expected a JSON object, or an array of them")
    return found


def mapping(value: object) -> dict[str, Any]:
    """A JSON object; an empty one where something else stands, or nothing."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A string or number as one clean, short line; ``None`` where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean(str(value)) or None


def link(value: object) -> str | None:
    """A web address, whole but for what no address holds; ``None`` where there is none."""
    return _NOT_IN_LINKS.sub("", value[: 4 * LINK_CAP])[:LINK_CAP] or None if isinstance(value, str) else None


def mailbox(value: object) -> str | None:
    """An email address in the one form that we store; ``None`` where there is none.

    Thousands may stand in one post: of an address beyond ASCII only the form is checked, which is what takes least, and
    its domain must be short.
    """
    if not isinstance(value, str) or len(value) > _MAILBOX_CAP:
        return None
    domain = value.rpartition("@")[2]
    if not domain.isascii() and len(domain) > _UNICODE_DOMAIN_CAP:
        return None
    try:
        if value.isascii() and "--" not in domain:
            return normalise_email(value)
        return str(parse_mailbox(normalize("NFC", value.strip(" "))))
    except (InvalidRecipient, InvalidMailbox):
        return None


def seconds(value: object, otherwise: float) -> float:
    """A moment as Unix seconds: from seconds, milliseconds, their digits, or ISO 8601 (no zone: UTC)."""
    if isinstance(value, str) and len(value) > _MOMENT_CAP:
        return otherwise
    if isinstance(value, str) and not (value.isascii() and value.replace(".", "", 1).isdigit()):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return otherwise
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return otherwise
    number = float(value)
    number = number / 1000 if number > _YEAR_5000 else number
    return number if 0 <= number < _YEAR_5000 else otherwise


def digest(*parts: object) -> str:
    """A key for an event that has no id of its own."""
    key = "|".join(str(part) for part in parts)
    return key if len(key) <= _KEY_CAP else sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

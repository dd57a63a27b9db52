"""Reading what strangers post: tolerant of new fields, never of surprises in the ones we use."""

import re
from datetime import UTC, datetime
from typing import Any

from domain.recipients import InvalidRecipient, normalise_email
from gateways.answers import clean
from gateways.webhook import UnreadablePost

LINK_CAP = 4096
"""Characters of an address that are kept: signed ones are long."""

_NOT_IN_LINKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_YEAR_5000 = 95_617_584_000.0


def objects_in(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array, or the one that stands bare.

    Raises:
        UnreadablePost: it is neither.
    """
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
    return _NOT_IN_LINKS.sub("", value)[:LINK_CAP] or None if isinstance(value, str) else None


def mailbox(value: object) -> str | None:
    """An email address in the one form that we store; ``None`` where there is none."""
    try:
        return normalise_email(value)
    except InvalidRecipient:
        return None


def seconds(value: object, otherwise: float) -> float:
    """A moment as Unix seconds: from seconds, milliseconds, their digits, or ISO 8601 (no zone: UTC)."""
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
    return "|".join(str(part) for part in parts)

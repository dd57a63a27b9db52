"""Values in what the app posts. Whatever is not as it should be counts as left out: its versions differ."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_MOST_TEXT = 20_000


def text(value: object, most: int = _MOST_TEXT) -> str | None:
    """A text, cut after ``most`` characters; ``None``: there is none."""
    return value[:most] if isinstance(value, str) and value else None


def whole(value: object) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(value: object) -> Mapping[str, Any]:
    """An object; empty: there is none."""
    return value if isinstance(value, dict) else {}


def moment(value: object) -> datetime | None:
    """A time with its offset."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None

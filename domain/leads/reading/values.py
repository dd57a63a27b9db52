"""What readers of leads share: texts, ids, times and boxes, whatever a body holds in their place."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.errors import InvalidError
from domain.leads.raw import Answer
from domain.text.json_faults import UNSTORABLE

MOST_ANSWERS = 200
MOST_TEXT = 5_000
"""Characters of a value. What is beyond a bound is cut off: the rest of the lead is worth having."""
MOST_NAME = 500
"""Characters of a question or its name."""
MOST_VALUES = 100
"""Of one answer."""
MOST_ID = 1_000
"""Characters of an id. Google's have some hundred."""

_MOST_BITS = 128
"""Of a number: longer ones are slow to write down, and Python refuses some."""
_EXACT = 2.0**53
_YEAR_2100 = 4_102_444_800
_MILLISECONDS = 100_000_000_000
"""Unix times from here on are in milliseconds: in seconds they would be after the year 5000."""
_UNIX = re.compile("[0-9]{9,13}")
_TRUE = frozenset({"true", "1", "yes", "on"})


def text_of(value: object, most: int = MOST_TEXT) -> str | None:
    """A text, a number or a boolean as text; ``None``: it is another thing, or empty."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value).strip()[:most].rstrip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MOST_BITS else None
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) <= _EXACT else repr(value)
    return None


def name_of(value: object) -> str | None:
    """A name or a question."""
    return text_of(value, MOST_NAME)


def id_of(value: object) -> str | None:
    """An id, which some write as a number. One that is too long is none: cut off it would be another one's."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    found = text_of(value, MOST_ID + 1)
    return found if found and len(found) <= MOST_ID else None


def lead_id(body: Mapping[str, Any], key: str) -> str:
    """The id of a lead.

    Raises:
        InvalidError: ``lead_id``, it has none.
    """
    found = id_of(body.get(key))
    if found is None:
        raise InvalidError("lead_id", f"a lead has an id of at most {MOST_ID} characters", f"/{key}")
    return found


def moment_of(value: object) -> datetime | None:
    """A time in UTC, of ISO 8601 or Unix seconds or milliseconds. Without a zone it is taken for UTC; ``None``: it
    cannot be read, or is out of all reason."""
    if isinstance(value, str):
        value = value.strip()
        if not _UNIX.fullmatch(value):
            return _iso(value)
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if _MILLISECONDS <= value < _MILLISECONDS * 1000 else value
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _YEAR_2100 else None


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 1970 <= found.year < 2100 else None


def is_true(value: object) -> bool:
    """Whether a box is ticked: forms write it in many ways. What is not understood is not."""
    return value is True or (text_of(value) or "").casefold() in _TRUE


def mapping_of(value: object) -> Mapping[str, Any]:
    """An object; an empty one if it is another thing."""
    return value if isinstance(value, Mapping) else {}


def list_of(body: Mapping[str, Any], key: str) -> list[Any]:
    """A list that may be missing.

    Raises:
        InvalidError: ``lead_body``, it is another thing.
    """
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidError("lead_body", f"{key} must be a list", f"/{key}")
    return value


def objects_of(body: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list that may be missing; what else stands in it is left out.

    Raises:
        InvalidError: ``lead_body``, it is no list.
    """
    return (one for one in list_of(body, key) if isinstance(one, Mapping))


def texts_of(value: object) -> Iterator[str]:
    """A value, or those of a list, without what is empty or no text."""
    for one in value if isinstance(value, list) else (value,):
        if text := text_of(one):
            yield text


def about_of(body: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """What is said that is not personal. ``names``: ours by the provider's."""
    found = {ours: text_of(body.get(theirs), MOST_NAME) for theirs, ours in names.items()}
    return {name: text for name, text in found.items() if text}


class Answers:
    """Collects answers within the bounds. What is said twice under one name becomes one answer."""

    def __init__(self) -> None:
        self._labels: dict[str, str | None] = {}
        self._values: dict[str, list[str]] = {}

    def add(self, name: object, label: object, values: Iterable[str]) -> None:
        """Add an answer; without a name the label stands for it, without either it is left out."""
        said = name_of(label)
        key = name_of(name) or said
        if key is None or (key not in self._values and len(self._values) == MOST_ANSWERS):
            return
        if said is not None and said != key and self._labels.get(key) is None:
            self._labels[key] = said
        kept = self._values.setdefault(key, [])
        for value in values:
            if len(kept) == MOST_VALUES:
                return
            if value not in kept:
                kept.append(value)

    def found(self) -> tuple[Answer, ...]:
        """In the order in which they came."""
        return tuple(Answer(key, self._labels.get(key), tuple(values)) for key, values in self._values.items())

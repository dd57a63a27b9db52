"""Cells of files as values of contacts: what people write in tables, read by the rules of all values."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import phonenumbers

from domain.audience.contacts.contact import CUSTOM, MOST_TAGS
from domain.audience.contacts.values import (
    UNREADABLE,
    InvalidValue,
    country_code,
    group_id,
    language,
    name,
    tag,
    time_zone,
    typed,
)
from domain.recipients import InvalidRecipient, normalise_email, normalise_number, read_number

__all__ = ["UNREADABLE", "number", "of_type", "readers"]

_SEPARATORS = re.compile(r"[,;|\n]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_TRUE = frozenset(["true", "yes", "y", "1", "ja", "oui", "si", "sim", "x"])
_FALSE = frozenset(["false", "no", "n", "0", "nein", "non"])
_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")

Reader = Callable[[str], Any]
"""Reads the text of a cell that is not empty. Raises one of ``UNREADABLE``."""

_language = lru_cache(maxsize=1024)(language)
_country = lru_cache(maxsize=1024)(country_code)
_time_zone = lru_cache(maxsize=1024)(time_zone)


def readers(custom: Mapping[str, str], groups: Mapping[str, int]) -> dict[str, Reader]:
    """How values are read, but for numbers. ``custom``: types of fields by their keys; ``groups``: ids by keys."""
    return {
        "email": normalise_email,
        "external_id": name,
        "first_name": name,
        "last_name": name,
        "language": _language,
        "country": _country,
        "time_zone": _time_zone,
        "tags": lambda text: sorted({tag(each) for each in _listed(text)}),
        "groups": lambda text: sorted({group_id(key, groups) for key in _listed(text)}),
        **{CUSTOM + key: of_type(type_) for key, type_ in custom.items()},
    }


def number(text: str, country: str | None) -> str:
    """A telephone number. One that begins with the code of its country has lost its ``+``, as spreadsheets take that
    for a sign, though some could be dialled like this within the country.

    Raises:
        InvalidRecipient: it is none.
    """
    text = text.removeprefix("tel:")
    if country is not None and text[:1].isdigit() and text[0] != "0":
        code = str(phonenumbers.country_code_for_region(country))
        if text.startswith(code) and (found := _international(text)) is not None:
            return found
    return normalise_number(text, country)


def _international(text: str) -> str | None:
    try:
        found = read_number("+" + text, None)
    except InvalidRecipient:
        return None
    return found.e164 if found.is_known else None


def _listed(text: str) -> list[str]:
    found = [part.strip() for part in _SEPARATORS.split(text)]
    if len(found) > MOST_TAGS:
        raise InvalidValue("too_many", f"at most {MOST_TAGS} are read")
    return [part for part in found if part]


def of_type(type_: str) -> Reader:
    """How the values of a type of custom fields are read."""
    convert = _CONVERTED.get(type_)
    return (lambda text: typed(text, type_)) if convert is None else (lambda text: typed(convert(text), type_))


def _numeric(text: str) -> int | float | str:
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def _boolean(text: str) -> bool | str:
    word = text.casefold()
    return word in _TRUE if word in _TRUE or word in _FALSE else text


def _date(text: str) -> str:
    match = _DAY.fullmatch(text)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat() if match else text
    except ValueError:
        return text


def _time(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return text


_CONVERTED: dict[str, Callable[[str], Any]] = {
    "number": _numeric,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
}

"""Values of contacts, checked and in the one form in which they are stored and compared."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Any
from unicodedata import normalize
from zoneinfo import available_timezones

from domain.audience.contacts.contact import MOST_GROUPS, MOST_NAME, MOST_TAG, MOST_TAGS, MOST_TEXT
from domain.errors import FieldError, invalid, pointer
from domain.recipients import InvalidRecipient, is_region, normalise_email, normalise_number

FIELD_TYPES = ("text", "number", "boolean", "date", "time")
"""Types of custom fields."""

Step = str | int

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Those that turn the direction of the text around them included."""
_CONTROLS_OF_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?((?:-[a-z0-9]{4,8})*)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_YEARS = range(1900, 2200)
_MOST_NUMBER = 2**63


class InvalidValue(ValueError):
    """A value that cannot be used; ``code`` is for programs, ``message`` tells people what to write instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


UNREADABLE = (InvalidValue, InvalidRecipient)
"""What reading a value raises."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account has that values of its contacts may name."""

    region: str | None = None
    """Where numbers without a country code are dialled, of contacts without a country (ISO 3166)."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Types of custom fields, by key."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Ids of groups, by key."""


def read_values(given: Mapping[str, Any], terms: Terms, country: str | None = None, *at: Step) -> dict[str, Any]:
    """What is given of a contact, in the form in which it is stored. ``None`` stays: that value is to be removed.

    ``country``: of the contact, where none is given; ``at``: where it stands in the body.

    Raises:
        InvalidError: values that cannot be used, each with its place.
    """
    errors: list[FieldError] = []
    read: dict[str, Any] = {}

    def take(name: str, value: Any, reader: Callable[[Any], Any], *place: Step) -> Any:
        try:
            return None if value is None else reader(value)
        except UNREADABLE as error:
            errors.append(FieldError(pointer(*at, *(place or (name,))), error.code, error.message))
            return None

    if "country" in given:
        read["country"] = country = take("country", given["country"], country_code)
    region = country or terms.region
    simple = READERS | dict.fromkeys(("phone", "whatsapp"), lambda value: normalise_number(value, region))
    for name, value in given.items():
        if name in simple and name != "country":
            read[name] = take(name, value, simple[name])
    for name, most, one in (("tags", MOST_TAGS, tag), ("groups", MOST_GROUPS, lambda key: group_id(key, terms.groups))):
        if given.get(name) is None:
            if name in given:
                read[name] = []
            continue
        read[name] = sorted({take(name, value, one, name, n) for n, value in enumerate(given[name])} - {None})
        if len(given[name]) > most:
            errors.append(FieldError(pointer(*at, name), "too_many", f"a contact has {most} {name} at most"))
    if "fields" in given:
        custom = given["fields"] or {}
        read["fields"] = {
            key: take(key, value, partial(field_value, fields=terms.fields, key=key), "fields", key)
            for key, value in custom.items()
        }
    if errors:
        raise invalid(errors)
    return read


def name(text: str) -> str:
    """A name or an external id: without spaces around it, in Unicode NFC.

    Raises:
        InvalidValue: it is empty or too long, or has control characters.
    """
    return _line(text, MOST_NAME)


def tag(text: str) -> str:
    """A tag; raises as ``name``."""
    return _line(text, MOST_TAG)


def language(text: str) -> str:
    """A language as BCP 47 writes it: ``pt-BR``, ``zh-Hant-TW``.

    Raises:
        InvalidValue: it is none.
    """
    found = _LANGUAGE.fullmatch(text.strip().replace("_", "-").lower()) if len(text) <= 50 else None
    if found is None:
        raise InvalidValue("language", "write a language as de or pt-BR")
    parts = (found[1], found[2] and found[2].title(), found[3] and found[3].upper(), found[4].removeprefix("-"))
    return "-".join(filter(None, parts))


def country_code(text: str) -> str:
    """A country by its two letters.

    Raises:
        InvalidValue: there is none.
    """
    code = text.strip().upper() if len(text) <= 20 else ""
    if not is_region(code):
        raise InvalidValue("country", "write a country by its two letters, such as DE")
    return code


def time_zone(text: str) -> str:
    """A time zone by its IANA name, in any case.

    Raises:
        InvalidValue: there is none.
    """
    found = _zones().get(text.strip().casefold().replace(" ", "_")) if len(text) <= 100 else None
    if found is None:
        raise InvalidValue("time_zone", "write a time zone as Europe/Berlin")
    return found


def group_id(key: str, groups: Mapping[str, int]) -> int:
    """The id of a group by its key.

    Raises:
        InvalidValue: there is none.
    """
    if key not in groups:
        raise InvalidValue("group_unknown", f"there is no group {key[:100]!r}: make it first, POST /api/groups")
    return groups[key]


def field_value(value: Any, key: str, fields: Mapping[str, str]) -> Any:
    """The value of a custom field, as JSON has it. Times are in UTC.

    Raises:
        InvalidValue: there is no such field, or its values are of another type.
    """
    if key not in fields:
        raise InvalidValue("field_unknown", f"there is no field {key[:100]!r}: make it first, POST /api/contact-fields")
    return typed(value, fields[key])


def typed(value: Any, type_: str) -> Any:
    """A value of a type of custom fields.

    Raises:
        InvalidValue: it is of another type.
    """
    return _TYPED[type_](value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue("field_type", "this field holds text")
    if len(value) > MOST_TEXT:
        raise InvalidValue("too_long", f"it may have {MOST_TEXT} characters")
    if _CONTROLS_OF_TEXT.search(value):
        raise InvalidValue("characters", "remove control characters from it")
    return normalize("NFC", value)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidValue("field_type", "this field holds a number, such as 12.5")
    if not -_MOST_NUMBER <= value < _MOST_NUMBER:
        raise InvalidValue("field_type", "a number has at most 64 bits")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue("field_type", "this field holds true or false")
    return value


def _date(value: Any) -> str:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value) and (day := date.fromisoformat(value)).year in _YEARS:
            return day.isoformat()
    except ValueError:
        pass
    raise InvalidValue("field_type", "this field holds a date from 1900 to 2199, such as 2026-12-31")


def _time(value: Any) -> str:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            at = datetime.fromisoformat(value).astimezone(UTC)
            if at.year in _YEARS:
                return at.isoformat()
    except (ValueError, OverflowError):
        pass
    raise InvalidValue("field_type", "this field holds a time with its offset, such as 2026-12-31T23:59:59Z")


def _line(text: str, most: int) -> str:
    if len(text) > most:
        raise InvalidValue("too_long", f"it may have {most} characters")
    if _CONTROLS.search(text):
        raise InvalidValue("characters", "remove line breaks and control characters from it")
    plain = normalize("NFC", text.strip())
    if not plain:
        raise InvalidValue("empty", "it is empty: leave it out, or write null to remove it")
    return plain


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


READERS: dict[str, Callable[[Any], Any]] = {
    "email": normalise_email,
    "external_id": name,
    "first_name": name,
    "last_name": name,
    "language": language,
    "country": country_code,
    "time_zone": time_zone,
}
"""Of values that all contacts have, by name. Numbers need a country besides."""
_TYPED: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
}

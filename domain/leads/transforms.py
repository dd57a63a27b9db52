"""What rules of a mapping do with a value before it is a contact's."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.errors import FieldError, pointer
from domain.leads.numbers import typed_number
from domain.recipients import InvalidRecipient, is_region

Transform = tuple[str, Any]
"""Its name, and what it is given: a country, a form of dates, a table."""


class Unfit(ValueError):
    """A value that cannot be transformed; the text says why, without the value, which may be personal."""


_PLAIN: Mapping[str, Callable[[str], str]] = {
    "trim": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
}
SPLIT_NAME = "split_name"
"""Of a whole name: the first word is the first name, the rest the last one."""
_MOST_TRANSFORMS = 10
_MOST_TABLE = 200
_MOST_FORM = 40
_DATE_PARTS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "%": "%%"}
_DATE_PART = re.compile("|".join(_DATE_PARTS))
_DAY = ({"YYYY", "MM", "DD"}, {"YY", "MM", "DD"})


def transformed(value: str, steps: tuple[Transform, ...], country: str | None) -> str:
    """The value after all of them.

    Raises:
        Unfit: one cannot read it.
    """
    for name, given in steps:
        value = _one(value, name, given, country)
    return value


def split_name(whole: str) -> tuple[str, str]:
    """First and last name. What is written as ``Last, First`` is turned round."""
    last, comma, first = whole.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    first, _, last = whole.strip().partition(" ")
    return first, last.strip()


def _one(value: str, name: str, given: Any, country: str | None) -> str:
    match name:
        case "e164":
            try:
                return typed_number(value, given or country)
            except InvalidRecipient as error:
                raise Unfit(error.message) from None
        case "date":
            return _date(value, given)
        case "map":
            said = _compared(value)
            return next((text for key, text in given.items() if _compared(key) == said), value)
        case "split_name":
            return value
    return _PLAIN[name](value)


def _compared(text: str) -> str:
    return text.strip().casefold()


def _date(value: str, form: str) -> str:
    """A day, or a time, which is taken for UTC, as custom fields hold it."""
    try:
        found = datetime.strptime(value.strip(), _DATE_PART.sub(lambda part: _DATE_PARTS[part[0]], form))
    except ValueError:
        raise Unfit(f"this is no date as {form}") from None
    return found.replace(tzinfo=UTC).isoformat() if "HH" in form else found.date().isoformat()


def read_transforms(given: Any, at: str) -> tuple[tuple[Transform, ...], list[FieldError]]:
    """Transforms as they are written: ``"trim"``, ``{"e164": "DE"}``, ``{"date": "DD.MM.YYYY"}``, ``{"map": {…}}``."""
    if not isinstance(given, list) or len(given) > _MOST_TRANSFORMS:
        words = f"write a list of at most {_MOST_TRANSFORMS} transforms, such as trim"
        return (), [FieldError(at, "transform", words)]
    read, faults = list[Transform](), list[FieldError]()
    for number, one in enumerate(given):
        step = _read(one)
        if step is None:
            words = (
                "write trim, lower, upper, title, split_name, e164, {'e164': 'DE'}, {'date': 'DD.MM.YYYY'} or "
                "{'map': {'ja': 'yes'}}"
            )
            faults.append(FieldError(at + pointer(number), "transform", words))
        else:
            read.append(step)
    return tuple(read), faults


def _read(one: Any) -> Transform | None:
    if isinstance(one, str):
        return (one, None) if one in (*_PLAIN, SPLIT_NAME, "e164") else None
    if not isinstance(one, dict) or len(one) != 1:
        return None
    ((name, given),) = one.items()
    fits = {
        "e164": isinstance(given, str) and is_region(given),
        "date": isinstance(given, str) and _is_date_form(given),
        "map": isinstance(given, dict) and len(given) <= _MOST_TABLE and all(map(_is_pair, given.items())),
    }
    return (name, given) if fits.get(name) else None


def _is_date_form(form: str) -> bool:
    """Whether it names a day, and no part twice."""
    parts = [part for part in _DATE_PART.findall(form) if part != "%"]
    is_day = any(day <= set(parts) for day in _DAY)
    return len(form) <= _MOST_FORM and is_day and len(parts) == len(set(parts)) and not {"YYYY", "YY"} <= set(parts)


def _is_pair(pair: tuple[Any, Any]) -> bool:
    return all(isinstance(one, str) and len(one) <= 2000 for one in pair)


def shown_transform(step: Transform) -> Any:
    """As it is written."""
    name, given = step
    return name if given is None else {name: given}

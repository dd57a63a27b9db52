"""How values of conditions are compared; store/audience/segments/ has the same rules in SQL.

Types are strict: a text that looks like a number is a text. A text that is an ISO date, or an ISO time with its
offset, is also a time. Two times are compared as moments. Where one of both is a date, days are compared: the day that
a moment has in the contact's time zone. So no comparison depends on a local time that a change of the clocks skips
or repeats.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal

DAY = (
    "(19|20|21)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29"
)
CLOCK = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
"""The forms that are times, of the years 1900 to 2199: the same as in json_day.sql and json_time.sql."""
_DATE, _TIME = re.compile(DAY), re.compile(f"({DAY}){CLOCK}")
DURATION = re.compile("([1-9][0-9]{0,5})(s|m|h|d|w)")

Moment = date | datetime
Type = Literal["text", "number", "boolean", "list", "object", "nothing"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def type_of(value: Any) -> Type:
    """The type that a JSON value has."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "boolean"
        case str():
            return "text"
        case int() | float() | Decimal():
            return "number"
        case list() | tuple():
            return "list"
    return "object"


def is_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, and of one type."""
    kind = type_of(one)
    if kind != type_of(other):
        return False
    if kind == "number":
        return exact(one) == exact(other)
    if kind == "list":
        return len(one) == len(other) and all(is_equal(*pair) for pair in zip(one, other, strict=True))
    if kind == "object":
        return one.keys() == other.keys() and all(is_equal(value, other[name]) for name, value in one.items())
    return bool(one == other)


def exact(number: float | Decimal) -> Decimal:
    """A number as it is written: databases compare decimals, not the binary numbers next to them."""
    return Decimal(str(number))


def moment(value: Any) -> Moment | None:
    """The date or time that a value is; ``None``: it is neither."""
    if not isinstance(value, str):
        return None
    if _DATE.fullmatch(value):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if _TIME.fullmatch(value) else None


def compare_moments(one: Moment, other: Moment, zone: tzinfo) -> int:
    """-1, 0 or 1: whether ``one`` is earlier than, at, or later than ``other``. ``zone`` is the contact's."""
    left: Moment
    right: Moment
    if isinstance(one, datetime) and isinstance(other, datetime):
        left, right = one, other
    else:
        left, right = _day(one, zone), _day(other, zone)
    return (left > right) - (left < right)


def _day(value: Moment, zone: tzinfo) -> date:
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def duration(text: str) -> timedelta:
    """A length of time such as ``90s``, ``15m``, ``2h``, ``3d``, ``2w``; a day has 24 hours.

    Raises:
        ValueError: it is none.
    """
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def iso(at: datetime) -> str:
    """A moment as a text that ``moment`` reads."""
    return at.astimezone(UTC).isoformat()

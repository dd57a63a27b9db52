"""Checks of cron expressions: five fields, with the names of months and weekdays."""

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
_SUNDAY = 7
"""Which may be written so, too."""
_PART = re.compile(r"(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([1-9][0-9]?))?")


def cron_fault(text: str) -> str | None:
    """What is wrong with an expression, if anything."""
    fields = text.lower().split(" ")
    if len(fields) != len(_FIELDS):
        return "five fields: minute, hour, day of the month, month, weekday"
    for field, (name, lowest, highest, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _fits(part, lowest, highest, names):
                return f"{part[:20]!r} is no {name}: use *, {lowest} to {highest}, ranges, lists, and steps such as */5"
    return None


def _fits(part: str, lowest: int, highest: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    ends = [_number(end, names, lowest) for end in found.group(1, 2) if end is not None]
    if any(end is None or not lowest <= end <= highest for end in ends):
        return False
    return len(ends) < 2 or ends[0] <= ends[1]  # type: ignore[operator]


def _number(end: str, names: tuple[str, ...], lowest: int) -> int | None:
    if end.isdigit():
        return int(end)
    return names.index(end) + lowest if end in names else None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an expression."""

    values: frozenset[int]
    is_any: bool
    """It begins with ``*``: days are not restricted by it."""


def fields_of(text: str) -> tuple[Field, ...]:
    """The five fields of an expression without faults. Sunday is 0."""
    found: list[Field] = []
    for field, (_, lowest, highest, names) in zip(text.lower().split(" "), _FIELDS, strict=True):
        values: set[int] = set()
        for part in field.split(","):
            values |= _values(part, lowest, highest, names)
        if highest == _SUNDAY:
            values = {value % _SUNDAY for value in values}
        found.append(Field(frozenset(values), field.startswith("*")))
    return tuple(found)


def _values(part: str, lowest: int, highest: int, names: tuple[str, ...]) -> set[int]:
    found = _PART.fullmatch(part)
    assert found is not None, "it was checked"
    first, last, step = found.groups()
    begin = lowest if first is None else _number(first, names, lowest)
    assert begin is not None, "it was checked"
    if last is not None:
        end = _number(last, names, lowest)
        assert end is not None, "it was checked"
    else:
        end = highest if first is None or step is not None else begin
    return set(range(begin, end + 1, int(step or 1)))

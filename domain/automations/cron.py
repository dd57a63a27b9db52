"""Checks of cron expressions: five fields, with the names of months and weekdays."""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
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

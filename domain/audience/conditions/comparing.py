"""Compares the value of a field as a leaf asks, and says why."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

from domain.audience.conditions.tree import AGES, LISTS, MOMENTS, ORDER, TEXTS, Op
from domain.audience.conditions.values import compare_moments, duration, exact, is_equal, moment, type_of

_SHOWN = 60
"""Characters of a value in an explanation."""

_ORDERED: dict[Op, Callable[[int], bool]] = {
    Op.GT: lambda order: order > 0,
    Op.GTE: lambda order: order >= 0,
    Op.LT: lambda order: order < 0,
    Op.LTE: lambda order: order <= 0,
    Op.AFTER: lambda order: order > 0,
    Op.BEFORE: lambda order: order < 0,
}


WRONG_TYPE = "wrong type"
"""How an explanation begins where types cannot be compared."""


def compare(value: Any, op: Op, wanted: Any, zone: tzinfo, now: datetime) -> tuple[bool, str]:
    """Whether it is as asked, and why. Neither ``value`` nor ``wanted`` is missing."""
    if op in AGES:
        return _age(value, op, wanted, zone, now)
    if op in ORDER | MOMENTS:
        return _order(value, op, wanted, zone)
    if op in TEXTS or op in (Op.CONTAINS, Op.NOT_CONTAINS):
        return _content(value, op, wanted)
    return _equality(value, op, list(wanted) if op in LISTS else [wanted])


def _equality(value: Any, op: Op, wanted: list[Any]) -> tuple[bool, str]:
    if type_of(value) not in {type_of(one) for one in wanted}:
        return _wrong_type(value, wanted[0])
    found = any(is_equal(value, one) for one in wanted)
    return found == (op in (Op.EQ, Op.IN)), f"it is {shown(value)}"


def _content(value: Any, op: Op, wanted: Any) -> tuple[bool, str]:
    if isinstance(value, list) and op not in TEXTS and type_of(wanted) in ("text", "number", "boolean"):
        found = any(is_equal(item, wanted) for item in value)
    elif not isinstance(value, str) or not isinstance(wanted, str):
        return _wrong_type(value, wanted)
    elif op is Op.STARTS_WITH:
        found = value.startswith(wanted)
    elif op is Op.ENDS_WITH:
        found = value.endswith(wanted)
    else:
        found = wanted in value
    return found == (op is not Op.NOT_CONTAINS), f"it is {shown(value)}"


def _order(value: Any, op: Op, wanted: Any, zone: tzinfo) -> tuple[bool, str]:
    bounds = list(wanted) if op is Op.BETWEEN else [wanted]
    orders = [_compared(value, bound, zone, only_moments=op in MOMENTS) for bound in bounds]
    if any(order is None for order in orders):
        return _wrong_type(value, bounds[0])
    first, last = orders[0] or 0, orders[-1] or 0
    result = first >= 0 >= last if op is Op.BETWEEN else _ORDERED[op](first)
    return result, f"it is {shown(value)}"


def _compared(value: Any, other: Any, zone: tzinfo, *, only_moments: bool) -> int | None:
    if type_of(value) == type_of(other) == "number" and not only_moments:
        left, right = exact(value), exact(other)
        return (left > right) - (left < right)
    one, two = moment(value), moment(other)
    return None if one is None or two is None else compare_moments(one, two, zone)


def _age(value: Any, op: Op, wanted: str, zone: tzinfo, now: datetime) -> tuple[bool, str]:
    at = moment(value)
    if at is None:
        return False, f"{WRONG_TYPE}: it is no time, but {shown(value)}"
    begins = now - duration(wanted)
    since = compare_moments(at, begins, zone)
    result = since < 0 if op is Op.OLDER_THAN else since >= 0 >= compare_moments(at, now, zone)
    return result, f"it is {shown(value)}; {wanted} ago was {begins.isoformat(timespec='seconds')}"


def _wrong_type(value: Any, wanted: Any) -> tuple[bool, str]:
    kinds = type_of(value), type_of(wanted)
    if kinds[0] == kinds[1]:
        return False, f"{WRONG_TYPE}: these cannot be compared in this way, it is {shown(value)}"
    return False, f"{WRONG_TYPE}: it is a {kinds[0]}, and is compared with a {kinds[1]}"


def shown(value: Any) -> str:
    """A value, shortened, for an explanation."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

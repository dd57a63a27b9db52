"""Reads the values that a condition compares with. What they refuse is a ``Fault``."""

import math
import re
from datetime import timedelta
from typing import Any

from domain.audience.conditions.faults import Fault
from domain.audience.conditions.tree import AGES, LISTS, MAX_TEXT, MAX_VALUES, MOMENTS, ORDER, TEXTS, Op, Value
from domain.audience.conditions.values import duration, moment

LONGEST = timedelta(days=36_500)
"""The longest length of time: what is older is no time."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MOST = 2**63
_TIMES = "a date such as 2026-11-28, or a time with its offset such as 2026-11-28T09:30:00Z, of the years 1900 to 2199"


def literal(raw: Any, op: Op, at: str) -> Value:
    """The value for an operator."""
    if op in LISTS:
        if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES or not all(map(_is_scalar, raw)):
            raise Fault(at, "condition_value", f"a list of 1 to {MAX_VALUES} texts, numbers, true or false")
        return tuple(raw)
    if op is Op.BETWEEN:
        if not isinstance(raw, list) or len(raw) != 2 or not (_are_numbers(raw) or _are_moments(raw)):
            raise Fault(at, "condition_value", "a list of two numbers, or of two times, the lower one first")
        return tuple(raw)
    if op in AGES:
        return check_duration(raw, at)
    return _single(raw, op, at)


def name(raw: Any, at: str) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str) or not raw or not _is_scalar(raw):
        raise Fault(at, "condition_value", f"a text of 1 to {MAX_TEXT} characters that can be stored")
    return raw


def check_duration(raw: Any, at: str) -> str:
    """A length of time."""
    try:
        if isinstance(raw, str) and duration(raw) <= LONGEST:
            return raw
    except ValueError:
        pass
    raise Fault(at, "condition_value", f"a length of time such as 90s, 15m, 2h, 3d or 2w, up to {LONGEST.days}d")


def _single(raw: Any, op: Op, at: str) -> Value:
    if not _is_scalar(raw):
        words = f"a text of up to {MAX_TEXT} characters, a number, true or false; to ask for nothing there is missing"
        raise Fault(at, "condition_value", words)
    if op in MOMENTS and not _are_moments([raw]):
        raise Fault(at, "condition_value", _TIMES)
    if op in ORDER and not (_are_numbers([raw]) or _are_moments([raw])):
        raise Fault(at, "condition_value", f"a number, or {_TIMES}")
    if op in TEXTS and not isinstance(raw, str):
        raise Fault(at, "condition_value", "a text")
    value: Value = raw
    return value


def _is_scalar(raw: Any) -> bool:
    match raw:
        case bool():
            return True
        case str():
            return len(raw) <= MAX_TEXT and not _UNSTORABLE.search(raw)
        case int():
            return -_MOST <= raw < _MOST
        case float():
            return math.isfinite(raw)
    return False


def _are_numbers(raw: list[Any]) -> bool:
    return all(type(value) in (int, float) and _is_scalar(value) for value in raw)


def _are_moments(raw: list[Any]) -> bool:
    return all(moment(value) is not None for value in raw)

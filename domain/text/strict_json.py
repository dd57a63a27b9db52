"""Strict JSON parsing: values that another part of the system could not handle are refused.

NaN and overflowing numbers, lone surrogates, NUL (PostgreSQL stores neither), keys given twice (parsers disagree on
which one counts, RFC 8259 §4), integers beyond 64 bits and deep nesting are refused, with a pointer to the place.

A document is parsed by a fast parser without these rules, and then checked as a whole. Only one that may
break a rule is parsed again, by ``domain.text.json_faults``, which takes some ten times as long and reports places.
"""

from typing import Any

import orjson

from domain.text.json_faults import MAX_DEPTH, StrictJsonError, careful_loads

__all__ = ["MAX_DEPTH", "StrictJsonError", "loads"]

_RISKY_ESCAPES = (b"\\u0000", b"\\u003a", b"\\u003A")
"""NUL, and the colon: colons are counted to find keys given twice."""
_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_CONTAINERS = frozenset((dict, list))
_LONG_NUMBER = b"0" * 19
"""The first integer that does not fit 64 bits has this many digits. The fast parser makes floats of larger ones."""


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Parse a UTF-8 JSON document of at most ``max_depth`` nested arrays and objects.

    Raises:
        StrictJsonError: ``json_syntax``, ``json_encoding``, ``json_number``, ``json_text``, ``json_duplicate_key`` or
            ``json_depth``.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return careful_loads(raw, max_depth)
    if _has_risky_text(raw) or _is_deeper(value, max_depth) or _has_lost_a_key(raw, value):
        return careful_loads(raw, max_depth)
    return value


def _has_risky_text(raw: bytes) -> bool:
    if b"\\u" in raw and any(escape in raw for escape in _RISKY_ESCAPES):
        return True
    return _LONG_NUMBER in raw.translate(_DIGITS)


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether arrays and objects are nested more than ``depth`` deep. Level by level: it takes no recursion."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer if type(outer) is list else outer.values())
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def _has_lost_a_key(raw: bytes, value: Any) -> bool:
    """Whether a key was given twice: then the value has one colon less than the document. None is written escaped."""
    return orjson.dumps(value).count(b":") != raw.count(b":")

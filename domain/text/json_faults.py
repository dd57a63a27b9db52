"""Finds the error in a JSON document, and its place: slow, for documents that are probably refused."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 32
"""Nested arrays and objects of a document."""

_MAX_INT_TEXT = 20
"""The length of -2^63. Longer texts are never converted: it takes quadratic time, and Python stops at 4,300 digits."""

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJsonError(ValueError):
    """A body that is not accepted.

    ``pointer`` is the JSON pointer (RFC 6901) of the error, empty for the whole document. ``is_syntax``
    distinguishes a body that is not JSON (HTTP 400) from JSON that we refuse (422).
    """

    def __init__(self, code: str, message: str, pointer: str = "", *, is_syntax: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.pointer = pointer
        self.is_syntax = is_syntax


def careful_loads(raw: bytes, max_depth: int) -> Any:
    """Parse a document as ``domain.text.strict_json.loads`` does, with a parser that detects all that is refused."""
    try:
        value = _DECODER.decode(_text(raw))
    except json.JSONDecodeError as error:
        raise StrictJsonError("json_syntax", f"not JSON: {error}", is_syntax=True) from None
    except RecursionError:
        raise _too_deep(max_depth, ()) from None
    # The parser refuses raw control characters, and UTF-8 has no surrogates: only an escape can write either.
    _Checker(max_depth, has_escapes=b"\\u" in raw).check(value)
    return value


def _text(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise StrictJsonError("json_encoding", "send JSON without a byte order mark", is_syntax=True)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        message = f"send JSON as UTF-8: byte {error.start} does not belong"
        raise StrictJsonError("json_encoding", message, is_syntax=True) from None


@dataclass(frozen=True, slots=True)
class _Refused:
    """A placeholder for a refused value: the parser's hooks do not know its place, the checker does."""

    code: str
    message: str
    key: str | None = None
    is_syntax: bool = False


_BIG_INT = _Refused("json_number", "the integer does not fit 64 bits")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Refused:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    return _Refused("json_duplicate_key", "the key is given twice", key=_first_repeated(key for key, _ in pairs))


def _first_repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError("no key is repeated")


def _int(text: str) -> int | _Refused:
    value = int(text) if len(text) <= _MAX_INT_TEXT else None
    return _BIG_INT if value is None or not -(2**63) <= value < 2**63 else value


def _float(text: str) -> float | _Refused:
    value = float(text)
    return value if math.isfinite(value) else _Refused("json_number", "the number is too large")


def _constant(text: str) -> _Refused:
    return _Refused("json_number", f"{text} is not JSON", is_syntax=True)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant)


class _Checker:
    """One pass over a parsed value that tracks its path."""

    def __init__(self, max_depth: int, *, has_escapes: bool) -> None:
        self._max_depth = max_depth
        self._has_escapes = has_escapes
        self._path: list[str | int] = []

    def check(self, value: Any) -> None:
        """Check a value and everything in it."""
        kind = type(value)
        if kind is dict or kind is list:
            self._check_members(value)
        elif kind is str:
            self._check_text(value)
        elif kind is _Refused:
            self._refuse(value)

    def _check_members(self, container: dict[str, Any] | list[Any]) -> None:
        path, has_escapes = self._path, self._has_escapes
        if len(path) >= self._max_depth:
            raise _too_deep(self._max_depth, path)
        members: Iterable[tuple[str | int, Any]]
        if type(container) is dict:
            if has_escapes:
                for name in container:
                    self._check_text(name)
            members = container.items()
        else:
            members = enumerate(container)
        path.append("")
        for key, value in members:
            kind = type(value)
            if kind is dict or kind is list or kind is _Refused or (kind is str and has_escapes):
                path[-1] = key
                self.check(value)
        path.pop()

    def _check_text(self, text: str) -> None:
        if self._has_escapes and UNSTORABLE.search(text):
            raise StrictJsonError("json_text", "text must not hold NUL or half a surrogate pair", _pointer(self._path))

    def _refuse(self, refused: _Refused) -> None:
        path = self._path
        if refused.key is not None:
            self._check_text(refused.key)
            path = [*path, refused.key]
        raise StrictJsonError(refused.code, refused.message, _pointer(path), is_syntax=refused.is_syntax)


def _too_deep(max_depth: int, path: Iterable[str | int]) -> StrictJsonError:
    return StrictJsonError("json_depth", f"nested more than {max_depth} deep", _pointer(path))


def _pointer(path: Iterable[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)

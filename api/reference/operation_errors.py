"""Which errors an operation may answer. ``tests/api/error_finder.py`` finds them in the source, and writes the file."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import orjson

_FILE = Path(__file__).parent / "errors_found.json"
_EVERY = "*"


def codes_of_operation(operation: str, status: int) -> list[str]:
    """The codes with which an operation may answer a status, without those of every request."""
    return _found().get(operation, {}).get(status, [])


def codes_of_every_request() -> list[str]:
    """Those that most requests may be answered with, or most of those that have a body."""
    return sorted({code for codes in _found()[_EVERY].values() for code in codes})


@cache
def _found() -> Mapping[str, Mapping[int, list[str]]]:
    read: Mapping[str, Sequence[str]] = orjson.loads(_FILE.read_bytes())
    return {name: _by_status(errors) for name, errors in read.items()}


def _by_status(errors: Sequence[str]) -> dict[int, list[str]]:
    """Each is a status and a code, such as ``404 gateway_not_found``."""
    found: dict[int, list[str]] = {}
    for error in errors:
        status, _, code = error.partition(" ")
        found.setdefault(int(status), []).append(code)
    return found

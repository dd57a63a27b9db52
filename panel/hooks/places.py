"""Where values stand in a post, as JSON pointers (RFC 6901), to choose from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_MOST = 80
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a post."""

    pointer: str
    shown: str
    """The value, cut off where it is long."""


def places(body: Any) -> list[Place]:
    """The first values of a post, in the order in which they stand there."""
    found = []
    for pointer, value in _walk(body, ""):
        found.append(Place(pointer, str(value)[:_LONGEST]))
        if len(found) == _MOST:
            break
    return found


def _walk(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{pointer}/{index}")
    elif pointer:
        yield pointer, value

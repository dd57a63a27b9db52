"""How two JSON values differ, place by place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.errors import pointer

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which definitions differ."""

    pointer: str
    """Its place in the newer definition; of what was removed, in the older one."""
    change: Literal["changed", "added", "removed", "moved"]
    """Steps are added, removed and moved; members are changed, and ``None`` where they are not there."""
    before: Any
    after: Any
    needs: Literal["patch", "version"]
    """What publishes it."""
    step: str | None = None
    """The step that it is about."""


def differ(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """The places in which two values differ, each with what is there; lists of other lengths as a whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from differ(before.get(name), after.get(name), (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differ(one, other, (*path, index))
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield path, before, after


def place(at: str, path: Path) -> str:
    """The pointer to a path below a place."""
    return at + pointer(*path)

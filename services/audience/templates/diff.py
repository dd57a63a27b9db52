"""How two versions of a template differ, text by text. Pure computation."""

import difflib
from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidError

MOST_LINES = 2_000
"""Of a text that is compared: the time grows with their square."""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Places that differ, each with its difference in the unified form.

    Raises:
        InvalidError: a text has too many lines to compare.
    """
    old, new = dict(_flat("", before)), dict(_flat("", after))
    return [
        {"pointer": place, "diff": _diff(old.get(place, ""), new.get(place, ""))}
        for place in sorted(old.keys() | new.keys())
        if old.get(place) != new.get(place)
    ]


def _flat(place: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [found for key, inner in value.items() for found in _flat(f"{place}/{key}", inner)]
    if isinstance(value, list):
        return [found for index, inner in enumerate(value) for found in _flat(f"{place}/{index}", inner)]
    return [(place, str(value))]


def _diff(before: str, after: str) -> str:
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > 2 * MOST_LINES:
        raise InvalidError("too_long_to_compare", f"a text has more than {MOST_LINES} lines: compare it elsewhere")
    return "\n".join(difflib.unified_diff(old, new, lineterm="", n=2))

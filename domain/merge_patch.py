"""JSON Merge Patch (RFC 7396), and a place-holder for what a whole document leaves as it is."""

from collections.abc import Mapping
from typing import Any, Final, final


def merge(target: Any, patch: Any) -> Any:
    """``target`` with what ``patch`` changes: objects are merged, ``null`` removes a member, all else is replaced."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


@final
class Kept:
    """Stands where a secret would that stays as it is stored."""

    def __repr__(self) -> str:
        return "KEPT"


KEPT: Final = Kept()

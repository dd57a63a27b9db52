"""A fault of a condition, with its place."""

from collections.abc import Collection, Mapping
from typing import Any

from domain.errors import FieldError, pointer


class Fault(Exception):
    """The node in which it is cannot be read; others can."""

    def __init__(self, at: str, code: str, message: str) -> None:
        super().__init__(message)
        self.error = FieldError(at, code, message)


def check_members(raw: Mapping[str, Any], at: str, known: Collection[str]) -> None:
    """Check that an object has no other members than these.

    Raises:
        Fault: it has.
    """
    for name in raw:
        if name not in known:
            words = f"unknown member: known here are {', '.join(known)}"
            raise Fault(at + pointer(name[:100]), "condition_member", words)

"""Reads a condition from JSON, and points to each fault in it."""

from collections.abc import Collection, Mapping
from typing import Any

from domain.audience.conditions import leaves
from domain.audience.conditions.faults import Fault, check_members
from domain.audience.conditions.tree import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_LEAVES,
    All,
    Any_,
    Condition,
    Field,
    Happened,
    Not,
)
from domain.errors import FieldError, invalid

ROOTS = ("contact", "event", "vars", "steps", "run", "account")
"""What names of fields begin with; in a ``match`` also ``it``, the event's data."""
OF_CONTACTS = ("contact",)
"""The roots that are known where there is only a contact: in segments."""

_OF_MATCHES = "a match asks for fields: use all, any, not and field"
_KINDS = ("all", "any", "not", "field", "event", "tag", "group", "suppressed")


def parse_condition(
    raw: Any, at: str = "/condition", roots: Collection[str] = ROOTS, *, only_fields: bool = False
) -> Condition:
    """Read a condition. ``at`` is where it stands in the body, ``roots`` are those that are known there.

    Without ``steps`` among the roots there is no automation, and no ``of``. ``only_fields``: it is a match, which asks
    nothing but fields.

    Raises:
        InvalidError: it is none; ``fields`` has the faults of its nodes, each with its pointer.
    """
    reader = _Reader()
    condition = reader.read(raw, at, 0, tuple(roots))
    if reader.leaves > MAX_LEAVES:
        words = f"{reader.leaves} questions: a condition has at most {MAX_LEAVES}"
        reader.faults.append(FieldError(at, "condition_size", words))
    if only_fields and condition is not None and not _asks_fields_only(condition):
        reader.faults.append(FieldError(at, "condition_kind", _OF_MATCHES))
    if reader.faults:
        raise invalid(reader.faults)
    assert condition is not None
    return condition


class _Reader:
    def __init__(self) -> None:
        self.faults: list[FieldError] = []
        self.leaves = 0

    def read(self, raw: Any, at: str, depth: int, roots: tuple[str, ...]) -> Condition | None:
        """One node; ``None`` if it has a fault, which was noted."""
        try:
            return self._read(raw, at, depth, roots)
        except Fault as fault:
            self.faults.append(fault.error)
            return None

    def _read(self, raw: Any, at: str, depth: int, roots: tuple[str, ...]) -> Condition | None:
        if not isinstance(raw, Mapping):
            raise Fault(at, "condition_kind", "a condition is an object")
        kinds = [kind for kind in _KINDS if kind in raw]
        if len(kinds) != 1:
            raise Fault(at, "condition_kind", f"give exactly one of {', '.join(_KINDS)}")
        kind = kinds[0]
        if kind in ("all", "any", "not"):
            _check_depth(at, depth)
            check_members(raw, at, (kind,))
            return self._branch(kind, raw[kind], f"{at}/{kind}", depth + 1, roots)
        self.leaves += 1
        match kind:
            case "field":
                return leaves.field(raw, at, roots)
            case "event":
                return self._happened(raw, at, depth, roots)
            case "tag":
                return leaves.tag(raw, at)
            case "group":
                return leaves.group(raw, at)
        return leaves.suppressed(raw, at)

    def _branch(self, kind: str, inner: Any, at: str, depth: int, roots: tuple[str, ...]) -> Condition | None:
        if kind == "not":
            item = self.read(inner, at, depth, roots)
            return None if item is None else Not(item)
        if not isinstance(inner, list) or not 1 <= len(inner) <= MAX_ITEMS:
            raise Fault(at, "condition_size", f"give a list of 1 to {MAX_ITEMS} conditions")
        items = [self.read(item, f"{at}/{n}", depth, roots) for n, item in enumerate(inner)]
        found = tuple(item for item in items if item is not None)
        if len(found) < len(items):
            return None
        return All(found) if kind == "all" else Any_(found)

    def _happened(self, raw: Mapping[str, Any], at: str, depth: int, roots: tuple[str, ...]) -> Condition | None:
        check_members(raw, at, ("event", "op", "of", "within", "match", "value"))
        match = None
        if "match" in raw:
            _check_depth(at, depth)
            match = self.read(raw["match"], f"{at}/match", depth + 1, (*roots, "it"))
            if match is None:
                return None
            if not _asks_fields_only(match):
                raise Fault(f"{at}/match", "condition_kind", _OF_MATCHES)
        return leaves.happened(raw, at, has_steps="steps" in roots, match=match)


def _check_depth(at: str, depth: int) -> None:
    if depth == MAX_DEPTH:
        raise Fault(at, "condition_size", f"at most {MAX_DEPTH} of all, any, not and match stand in each other")


def _asks_fields_only(condition: Condition) -> bool:
    match condition:
        case All(items) | Any_(items):
            return all(_asks_fields_only(item) for item in items)
        case Not(item):
            return _asks_fields_only(item)
        case Field():
            return True
        case Happened():
            return False
    return False

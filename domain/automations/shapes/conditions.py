"""Conditions in definitions: read by their own parser, and described as JSON Schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.audience.conditions.leaves import ALWAYS_TIMES, MAX_COUNT
from domain.audience.conditions.parsing import parse_condition
from domain.audience.conditions.tree import (
    AGES,
    LISTS,
    MAX_ITEMS,
    MAX_TEXT,
    MAX_VALUES,
    MOMENTS,
    OF_TIMES,
    ORDER,
    PRESENCE,
    TEXTS,
    Condition,
    Op,
)
from domain.audience.conditions.values import CLOCK, DAY
from domain.automations.shapes.lengths import length_pattern
from domain.automations.shapes.notes import Defs, Notes
from domain.channels import Channel
from domain.errors import InvalidError

_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_TEXT = {"type": "string", "maxLength": MAX_TEXT}
_MOMENT = {"type": "string", "maxLength": MAX_TEXT, "pattern": f"^(({DAY})({CLOCK})?)$"}
_NUMBER = {"type": "number"}
_SCALAR = {"oneOf": [_TEXT, {"type": ["number", "boolean"]}]}
_LENGTH = {"type": "string", "pattern": f"^({length_pattern(timedelta(days=36_500))})$"}
_EVENT = {"type": "string", "pattern": r"^[a-z0-9_]{1,100}(\.[a-z0-9_]{1,100}){0,4}$"}
_PLAIN = sorted(set(Op) - PRESENCE - LISTS - ORDER - MOMENTS - AGES - TEXTS)
_NO_REF = PRESENCE | LISTS | AGES | {Op.BETWEEN}


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition. ``roots``: with what its fields may begin; ``of_event``: it asks for fields only, ``it`` too."""

    name: str
    roots: Sequence[str]
    of_event: bool = False

    def read(self, raw: Any, at: str, notes: Notes) -> Condition | None:
        """The condition."""
        roots = (*self.roots, "it") if self.of_event else self.roots
        try:
            condition = parse_condition(raw, at, roots, only_fields=self.of_event)
        except InvalidError as error:
            for fault in error.fields:
                notes.add(fault.pointer, fault.code, fault.message)
            return None
        notes.conditions.append((at, condition))
        return condition

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A reference to its own definition."""
        if self.of_event:
            return _match(self.name, self.roots, defs)
        _put(self.name, [*_nesting(self.name), _field(self.roots), *self._leaves(defs)], defs)
        return {"$ref": f"#/$defs/{self.name}"}

    def _leaves(self, defs: Defs) -> list[dict[str, Any]]:
        event: dict[str, Any] = {
            "event": _EVENT,
            "op": {"enum": ["happened", "not_happened", "count_gte"]},
            "within": _LENGTH | {"type": ["string", "null"]},
            "match": _match(f"{self.name}_match", self.roots, defs),
            "value": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_COUNT},
        }
        if "steps" in self.roots:
            event["of"] = {"type": ["string", "null"], "pattern": "^[a-z][a-z0-9_]{0,63}$"}
        counted = {
            "if": {"properties": {"op": {"const": "count_gte"}}},
            "then": {"required": ["value"], "properties": {"value": {"type": "integer"}}},
            "else": {"properties": {"value": {"type": "null"}}},
        }
        return [
            _closed(event, "event", "op") | counted,
            _closed({"tag": _NAME, "op": {"enum": ["has", "has_not"]}}, "tag"),
            _closed({"group": _NAME, "op": {"enum": ["in", "not_in"]}}, "group"),
            _closed({"suppressed": {"enum": [channel.value for channel in Channel]}}, "suppressed"),
        ]


def _match(name: str, roots: Sequence[str], defs: Defs) -> dict[str, Any]:
    roots = tuple(dict.fromkeys((*roots, "it")))
    _put(name, [*_nesting(name), _field(roots)], defs)
    return {"$ref": f"#/$defs/{name}"}


def _put(name: str, forms: list[dict[str, Any]], defs: Defs) -> None:
    defs.setdefault(name, {"oneOf": forms})


def _nesting(name: str) -> list[dict[str, Any]]:
    inner = {"$ref": f"#/$defs/{name}"}
    items = {"type": "array", "items": inner, "minItems": 1, "maxItems": MAX_ITEMS}
    return [_closed({"all": items}, "all"), _closed({"any": items}, "any"), _closed({"not": inner}, "not")]


def _field(roots: Sequence[str]) -> dict[str, Any]:
    path = {"type": "string", "pattern": f"^({_paths(roots)})$"}
    members = {"field": path, "op": {"enum": list(Op)}, "value": {}, "ref": path}
    rules = [_for_ops(ops, value) for ops, value in _values().items()]
    of_times = {"op": {"enum": sorted(OF_TIMES)}}
    rules += [
        {"if": _has(member, sorted(ALWAYS_TIMES)), "then": {"properties": of_times}} for member in ("field", "ref")
    ]
    return _closed(members, "field", "op") | {"allOf": rules}


def _paths(roots: Sequence[str]) -> str:
    others = "|".join(root for root in roots if root != "contact")
    step = r"\.[A-Za-z0-9_-]{1,100}"
    paths = [f"contact{step}"] if "contact" in roots else []
    return "|".join([*paths, f"({others})({step}){{1,10}}"] if others else paths)


def _values() -> dict[tuple[str, ...], dict[str, Any] | None]:
    """By operators: what they compare with; ``None``: nothing."""
    pair = {"minItems": 2, "maxItems": 2}
    return {
        tuple(sorted(PRESENCE)): None,
        tuple(sorted(LISTS)): {"type": "array", "items": _SCALAR, "minItems": 1, "maxItems": MAX_VALUES},
        tuple(sorted(AGES)): _LENGTH,
        tuple(sorted(MOMENTS)): _MOMENT,
        tuple(sorted(TEXTS)): _TEXT,
        tuple(sorted(ORDER - {Op.BETWEEN})): {"oneOf": [_NUMBER, _MOMENT]},
        (Op.BETWEEN,): {"oneOf": [{"type": "array", "items": one} | pair for one in (_NUMBER, _MOMENT)]},
        tuple(_PLAIN): _SCALAR,
    }


def _for_ops(ops: tuple[str, ...], value: dict[str, Any] | None) -> dict[str, Any]:
    given = _has("op", list(ops))
    if value is None:
        return {"if": given, "then": {"not": {"anyOf": [{"required": ["value"]}, {"required": ["ref"]}]}}}
    if _NO_REF.issuperset(ops):
        return {"if": given, "then": {"required": ["value"], "properties": {"value": value, "ref": False}}}
    either = {"oneOf": [{"required": ["value"]}, {"required": ["ref"]}], "properties": {"value": value}}
    return {"if": given, "then": either}


def _has(member: str, values: list[str]) -> dict[str, Any]:
    return {"properties": {member: {"enum": values}}, "required": [member]}


def _closed(members: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }

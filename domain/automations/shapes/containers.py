"""Shapes of objects and lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

from domain.automations.definition.limits import MAX_DEPTH, MAX_IN_LIST
from domain.automations.shapes.notes import Defs, LiquidText, Notes, Shape
from domain.automations.shapes.scalars import MAX_LIQUID, Text, is_number
from domain.errors import pointer
from domain.text.json_faults import UNSTORABLE

_JSON_DEPTH = 16
"""Nested arrays and objects in free JSON."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object with these members only. ``make`` gets those that are given, and makes the value."""

    make: Callable[..., Any]
    members: Mapping[str, Shape]
    required: Sequence[str] = ()
    one_of: Sequence[str] = ()
    """Exactly one of these is given."""
    some_of: Sequence[str] = ()
    """At least one of these is given."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Members that are given only together with another one."""

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """What ``make`` makes of it."""
        if not isinstance(raw, Mapping):
            return notes.add(at, "object", f"an object with {', '.join(self.members)}")
        before = notes.count
        self._check_names(raw, at, notes)
        read = {
            f"{name}_" if iskeyword(name) else name: shape.read(raw[name], f"{at}/{name}", notes)
            for name, shape in self.members.items()
            if name in raw
        }
        if notes.count > before:
            return None
        read.pop("kind", None)
        return self.make(**read)

    def _check_names(self, raw: Mapping[str, Any], at: str, notes: Notes) -> None:
        for name in raw:
            if name not in self.members:
                words = f"unknown member: known here are {', '.join(self.members)}"
                notes.add(at + pointer(str(name)[:100]), "member_unknown", words)
        for name in self.required:
            if name not in raw:
                notes.add(at, "member_missing", f"give {name!r}")
        if self.one_of and sum(name in raw for name in self.one_of) != 1:
            notes.add(at, "members", f"give exactly one of {', '.join(self.one_of)}")
        if self.some_of and not any(name in raw for name in self.some_of):
            notes.add(at, "members", f"give at least one of {', '.join(self.some_of)}")
        for name, other in self.needs.items():
            if name in raw and other not in raw:
                notes.add(f"{at}/{name}", "members", f"this goes with {other!r} only")

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A closed object."""
        found: dict[str, Any] = {
            "type": "object",
            "properties": {name: shape.schema(defs) for name, shape in self.members.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }
        if self.one_of:
            found["oneOf"] = [{"required": [name]} for name in self.one_of]
        if self.some_of:
            found["anyOf"] = [{"required": [name]} for name in self.some_of]
        if self.needs:
            found["dependentRequired"] = {name: [other] for name, other in self.needs.items()}
        return found


@dataclass(frozen=True, slots=True)
class Kinds:
    """An object whose ``kind`` says which members it has."""

    kinds: Mapping[str, Object]
    reserved: Sequence[str] = ()

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """What the kind's object makes of it."""
        kind = raw.get("kind") if isinstance(raw, Mapping) else None
        if isinstance(kind, str) and kind in self.kinds:
            return self.kinds[kind].read(raw, at, notes)
        if isinstance(kind, str) and kind in self.reserved:
            return notes.add(f"{at}/kind", "kind_reserved", f"there is no {kind} yet: the name is kept for later")
        where = f"{at}/kind" if isinstance(raw, Mapping) and "kind" in raw else at
        return notes.add(where, "kind", f"an object whose kind is one of {', '.join(self.kinds)}")

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A rule for each kind: editors then speak of the members of that kind only."""
        rules = [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": shape.schema(defs),
            }
            for kind, shape in self.kinds.items()
        ]
        kinds = {"kind": {"enum": list(self.kinds)}}
        return {"type": "object", "required": ["kind"], "properties": kinds, "allOf": rules}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; ``make`` makes the value of what was read."""

    item: Shape
    most: int
    least: int = 0
    unique: bool = False
    make: Callable[[Any], Any] = tuple

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """What was read of its items."""
        if not isinstance(raw, list) or not self.least <= len(raw) <= self.most:
            return notes.add(at, "list", f"a list of {self.least} to {self.most}")
        before = notes.count
        read = [self.item.read(value, f"{at}/{n}", notes) for n, value in enumerate(raw)]
        if notes.count > before:
            return None
        if self.unique and len(set(read)) < len(read):
            return notes.add(at, "list", "each may stand here once")
        return self.make(read)

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A list with these limits."""
        found = {"type": "array", "items": self.item.schema(defs), "minItems": self.least, "maxItems": self.most}
        return found | ({"uniqueItems": True} if self.unique else {})


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with members of any name of a form."""

    name: Text
    value: Shape
    most: int

    def read(self, raw: Any, at: str, notes: Notes) -> dict[str, Any] | None:
        """What was read of its members."""
        if not isinstance(raw, Mapping) or len(raw) > self.most:
            notes.add(at, "object", f"an object with up to {self.most} members")
            return None
        for name in raw:
            self.name.read(name, at + pointer(str(name)[:100]), notes)
        return {name: self.value.read(value, at + pointer(str(name)[:100]), notes) for name, value in raw.items()}

    def schema(self, defs: Defs) -> dict[str, Any]:
        """An object with these limits."""
        return {
            "type": "object",
            "propertyNames": self.name.schema(defs),
            "additionalProperties": self.value.schema(defs),
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several shapes, chosen by ``choose``."""

    shapes: Sequence[Shape]
    choose: Callable[[Any], int]

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """What the shape that was chosen reads."""
        return self.shapes[self.choose(raw)].read(raw, at, notes)

    def schema(self, defs: Defs) -> dict[str, Any]:
        """One of those."""
        return {"oneOf": [shape.schema(defs) for shape in self.shapes]}


@dataclass(frozen=True, slots=True)
class FreeJson:
    """Any JSON, or any object; ``liquid``: its texts are Liquid."""

    only_object: bool = True
    liquid: bool = True

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """The value as it is."""
        if self.only_object and not isinstance(raw, Mapping):
            return notes.add(at, "object", "an object")
        # Level by level: how deep a stranger's JSON is must not matter to the stack.
        level = [(at, raw)]
        for _ in range(_JSON_DEPTH + 1):
            level = [inner for where, value in level for inner in self._inside(value, where, notes)]
            if not level:
                return raw
        return notes.add(level[0][0], "json_depth", f"nested more than {_JSON_DEPTH} deep")

    def _inside(self, value: Any, at: str, notes: Notes) -> list[tuple[str, Any]]:
        if isinstance(value, Mapping):
            for name in value:
                if not isinstance(name, str) or UNSTORABLE.search(name):
                    notes.add(at, "characters", "names must not hold NUL or half a surrogate pair")
            return [(at + pointer(str(name)[:100]), inner) for name, inner in value.items()]
        if isinstance(value, list):
            return [(f"{at}/{n}", inner) for n, inner in enumerate(value)]
        if isinstance(value, str):
            if Text(MAX_LIQUID, least=0).read(value, at, notes) is not None and self.liquid:
                notes.texts.append(LiquidText(at, value, html=False))
        elif value is not None and not isinstance(value, bool) and not is_number(value):
            notes.add(at, "json_number", "a number of at most 64 bits")
        return []

    def schema(self, defs: Defs) -> dict[str, Any]:
        """Any, or any object."""
        return {"type": "object"} if self.only_object else {}


@dataclass(frozen=True, slots=True)
class Named:
    """A shape with a name, which may contain itself."""

    name: str
    shape: Callable[[], Shape]

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """What the shape reads."""
        return self.shape().read(raw, at, notes)

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A reference."""
        if self.name not in defs:
            defs[self.name] = {}
            defs[self.name] = self.shape().schema(defs)
        return {"$ref": f"#/$defs/{self.name}"}


@dataclass(frozen=True, slots=True)
class StepList:
    """A list of steps, which may stand in another one."""

    step: Shape
    least: int = 0

    def read(self, raw: Any, at: str, notes: Notes) -> Any:
        """The steps; those of a list that is too deep are not read."""
        if notes.depth >= MAX_DEPTH:
            return notes.add(at, "step_depth", f"at most {MAX_DEPTH} lists of steps stand in each other")
        notes.depth += 1
        try:
            return ListOf(self.step, MAX_IN_LIST, self.least).read(raw, at, notes)
        finally:
            notes.depth -= 1

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A list of steps."""
        return ListOf(self.step, MAX_IN_LIST, self.least).schema(defs)

"""The tree of a condition: what is asked of a contact, and of what happened to it (docs/segments.md)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

MAX_DEPTH = 5
"""How many of all, any, not and match may stand around a leaf."""
MAX_LEAVES = 50
MAX_ITEMS = 20
"""Conditions in one all or any."""
MAX_VALUES = 200
"""Values in one list."""
MAX_TEXT = 1000
"""Characters of a text."""

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...]


class Op(StrEnum):
    """What a leaf about a field asks."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    EXISTS = "exists"
    MISSING = "missing"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    BEFORE = "before"
    AFTER = "after"
    WITHIN_LAST = "within_last"
    OLDER_THAN = "older_than"


PRESENCE = frozenset({Op.EXISTS, Op.MISSING})
"""Those that take no value."""
LISTS = frozenset({Op.IN, Op.NOT_IN})
ORDER = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE, Op.BETWEEN})
"""Those that compare numbers, or times."""
TEXTS = frozenset({Op.STARTS_WITH, Op.ENDS_WITH})
MOMENTS = frozenset({Op.BEFORE, Op.AFTER})
"""Those that compare times only."""
AGES = frozenset({Op.WITHIN_LAST, Op.OLDER_THAN})
"""Those that take a length of time."""
OF_TIMES = PRESENCE | ORDER | MOMENTS | AGES
"""What can be asked of a field that is always a time."""

Asked = Literal["happened", "not_happened", "count_gte"]


@dataclass(frozen=True, slots=True)
class All:
    """True if all of these are."""

    items: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - typing has the name without it
    """True if one of these is."""

    items: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True if it is false."""

    item: "Condition"


@dataclass(frozen=True, slots=True)
class Field:
    """Compares a field with a value, or with another field (``ref``)."""

    field: str
    op: Op
    value: Value | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """Asks whether, or how often, an event happened to the contact."""

    event: str
    op: Asked
    of: str | None = None
    """The step of an automation whose message or call it concerns."""
    within: str | None = None
    """A length of time up to now; ``None``: as long as events are kept."""
    match: "Condition | None" = None
    """What is asked of each event, whose data is ``it``."""
    value: int | None = None
    """For ``count_gte``: how often at least."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Whether the contact has a tag."""

    tag: str
    has: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Whether the contact is in a group, by its key."""

    group: str
    is_in: bool = True


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Whether the contact gets no more messages on a channel."""

    channel: str


Condition = All | Any_ | Not | Field | Happened | Tag | Group | Suppressed


def as_json(condition: Condition) -> dict[str, Any]:
    """The one form in which a condition is stored and shown; parsing it gives an equal tree."""
    match condition:
        case All(items):
            return {"all": [as_json(item) for item in items]}
        case Any_(items):
            return {"any": [as_json(item) for item in items]}
        case Not(item):
            return {"not": as_json(item)}
        case Field(field, op, value, ref):
            shown = list(value) if isinstance(value, tuple) else value
            return _filled({"field": field, "op": op.value, "value": shown, "ref": ref})
        case Happened(event, op, of, within, match, value):
            inner = None if match is None else as_json(match)
            return _filled({"event": event, "op": op, "of": of, "within": within, "match": inner, "value": value})
        case Tag(tag, has):
            return {"tag": tag} if has else {"tag": tag, "op": "has_not"}
        case Group(group, is_in):
            return {"group": group} if is_in else {"group": group, "op": "not_in"}
        case Suppressed(channel):
            return {"suppressed": channel}


def events_in(condition: Condition) -> frozenset[str]:
    """The names of the events that it asks for."""
    match condition:
        case All(items) | Any_(items):
            return frozenset().union(*(events_in(item) for item in items))
        case Not(item):
            return events_in(item)
        case Happened(event=event):
            return frozenset({event})
    return frozenset()


def _filled(leaf: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in leaf.items() if value is not None}

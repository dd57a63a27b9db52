"""Evaluates a condition for one contact, and tells why each of its parts is true or false.

Nothing here reads a clock, a file or a database: workflows may call it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from domain.audience.conditions.comparing import compare
from domain.audience.conditions.tree import (
    All,
    Any_,
    Condition,
    Field,
    Group,
    Happened,
    Not,
    Op,
    Suppressed,
    Tag,
)
from domain.audience.conditions.values import duration


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that happened to the contact."""

    name: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    of: str | None = None
    """The step of the automation that it concerns."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a contact at a moment."""

    now: datetime
    values: Mapping[str, Any]
    """By root: ``contact``, ``event`` … Times are ISO texts with their offset."""
    zone: tzinfo = UTC
    """The contact's, or its account's."""
    tags: Collection[str] = ()
    groups: Collection[str] = ()
    """Their keys."""
    suppressed: Collection[str] = ()
    """Channels."""
    events: Sequence[Occurrence] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a node is true or false."""

    pointer: str
    """Its place in the condition."""
    result: bool
    why: str
    parts: "tuple[Trace, ...]" = ()


def evaluate(condition: Condition, facts: Facts, at: str = "") -> Trace:
    """Evaluate all of a condition, also parts that cannot change the result any more: the trace is for people."""
    match condition:
        case All(items):
            parts = tuple(evaluate(item, facts, f"{at}/all/{n}") for n, item in enumerate(items))
            return Trace(at, all(part.result for part in parts), _counted(parts), parts)
        case Any_(items):
            parts = tuple(evaluate(item, facts, f"{at}/any/{n}") for n, item in enumerate(items))
            return Trace(at, any(part.result for part in parts), _counted(parts), parts)
        case Not(item):
            inner = evaluate(item, facts, f"{at}/not")
            return Trace(at, not inner.result, f"not: it is {_word(inner.result)}", (inner,))
        case Field():
            return Trace(at, *_field(condition, facts))
        case Happened():
            return Trace(at, *_happened(condition, facts))
        case Tag(tag, has):
            return _has(at, tag in facts.tags, has, "has the tag", "does not have the tag")
        case Group(group, is_in):
            return _has(at, group in facts.groups, is_in, "is in the group", "is not in the group")
        case Suppressed(channel):
            return _has(at, channel in facts.suppressed, True, "is suppressed", "is not suppressed")


def _field(leaf: Field, facts: Facts) -> tuple[bool, str]:
    value = _look_up(leaf.field, facts)
    if leaf.op in (Op.EXISTS, Op.MISSING):
        return (value is not None) == (leaf.op is Op.EXISTS), "it is missing" if value is None else "it exists"
    if value is None:
        return False, f"{leaf.field} is missing"
    wanted = leaf.value
    if leaf.ref is not None:
        wanted = _look_up(leaf.ref, facts)
        if wanted is None:
            return False, f"{leaf.ref} is missing"
    return compare(value, leaf.op, wanted, facts.zone, facts.now)


def _look_up(path: str, facts: Facts) -> Any:
    found: Any = facts.values
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _happened(leaf: Happened, facts: Facts) -> tuple[bool, str]:
    since = None if leaf.within is None else facts.now - duration(leaf.within)
    found = sum(
        event.name == leaf.event
        and (since is None or event.at >= since)
        and (leaf.of is None or event.of == leaf.of)
        and (leaf.match is None or _matches(leaf.match, event, facts))
        for event in facts.events
    )
    why = f"it happened {found} times" if found != 1 else "it happened once"
    if leaf.op == "not_happened":
        return found == 0, why
    return found >= (leaf.value or 1), why


def _matches(condition: Condition, event: Occurrence, facts: Facts) -> bool:
    return evaluate(condition, replace(facts, values={**facts.values, "it": event.data})).result


def _has(at: str, has: bool, wanted: bool, yes: str, no: str) -> Trace:
    return Trace(at, has == wanted, yes if has else no)


def _counted(parts: Sequence[Trace]) -> str:
    return f"{sum(part.result for part in parts)} of {len(parts)} are true"


def _word(result: bool) -> str:
    return "true" if result else "false"

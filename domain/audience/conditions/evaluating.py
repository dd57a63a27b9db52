"""Evaluates a condition for one contact, and tells why each of its parts is true or false.

Nothing here reads a clock, a file or a database: workflows may call it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from domain.audience.conditions.comparing import WRONG_TYPE, compare, shown
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
from domain.audience.conditions.wording import asked


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


Reason = Literal["compared", "missing", "wrong_type"]


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a node is true or false."""

    pointer: str
    """Its place in the condition."""
    result: bool
    why: str
    parts: "tuple[Trace, ...]" = ()
    asked: str = ""
    """What a leaf asks, such as ``event.total gt 200``."""
    reason: Reason = "compared"
    """Why a field could not be compared, if it could not; then the leaf is false."""


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
            return _field(condition, facts, at)
        case Happened():
            return Trace(at, *_happened(condition, facts), asked=asked(condition))
        case Tag(tag, has):
            result, why = _has(tag in facts.tags, has, "has the tag", "does not have the tag")
        case Group(group, is_in):
            result, why = _has(group in facts.groups, is_in, "is in the group", "is not in the group")
        case Suppressed(channel):
            result, why = _has(channel in facts.suppressed, True, "is suppressed", "is not suppressed")
    return Trace(at, result, why, asked=asked(condition))


def _field(leaf: Field, facts: Facts, at: str) -> Trace:
    value = _look_up(leaf.field, facts)
    question = asked(leaf)
    if leaf.op in (Op.EXISTS, Op.MISSING):
        why = "it is missing" if value is None else "it exists"
        return Trace(at, (value is not None) == (leaf.op is Op.EXISTS), why, asked=question)
    wanted = leaf.value if leaf.ref is None else _look_up(leaf.ref, facts)
    if value is None or wanted is None:
        why = f"{leaf.field if value is None else leaf.ref} is missing"
        return Trace(at, False, why, asked=question, reason="missing")
    result, why = compare(value, leaf.op, wanted, facts.zone, facts.now)
    if leaf.ref is not None:
        why += f"; {leaf.ref} is {shown(wanted)}"
    return Trace(at, result, why, asked=question, reason="wrong_type" if why.startswith(WRONG_TYPE) else "compared")


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


def _has(has: bool, wanted: bool, yes: str, no: str) -> tuple[bool, str]:
    return has == wanted, yes if has else no


def _counted(parts: Sequence[Trace]) -> str:
    return f"{sum(part.result for part in parts)} of {len(parts)} are true"


def _word(result: bool) -> str:
    return "true" if result else "false"

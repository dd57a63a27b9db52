"""Reads the leaves of a condition. What they refuse is a ``Fault``."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from domain.audience.conditions.faults import Fault, check_members
from domain.audience.conditions.literals import check_duration, literal, name
from domain.audience.conditions.tree import (
    AGES,
    LISTS,
    OF_TIMES,
    PRESENCE,
    Condition,
    Field,
    Group,
    Happened,
    Op,
    Suppressed,
    Tag,
)
from domain.channels import Channel

ALWAYS_TIMES = frozenset({"contact.created_at", "contact.updated_at"})
"""Fields that are times, not texts."""
MAX_COUNT = 10_000

_PATH = re.compile(r"[a-z]+(\.[A-Za-z0-9_-]{1,100}){1,10}")
_EVENT = re.compile(r"[a-z0-9_]{1,100}(\.[a-z0-9_]{1,100}){0,4}")
_STEP = re.compile("[a-z][a-z0-9_]{0,63}")
_NO_REF = PRESENCE | LISTS | AGES | {Op.BETWEEN}


def field(raw: Mapping[str, Any], at: str, roots: Collection[str]) -> Field:
    """A question about a field."""
    check_members(raw, at, ("field", "op", "value", "ref"))
    path = _path(raw["field"], f"{at}/field", roots)
    op = _op(raw.get("op"), f"{at}/op")
    given = [member for member in ("value", "ref") if member in raw]
    _check_time(path, op, at)
    if op in PRESENCE:
        if given:
            raise Fault(f"{at}/{given[0]}", "condition_value", f"{op.value} takes no value")
        return Field(path, op)
    if len(given) != 1:
        raise Fault(at, "condition_value", f"{op.value} takes either a value or a ref")
    if given == ["value"]:
        return Field(path, op, literal(raw["value"], op, f"{at}/value"))
    if op in _NO_REF:
        raise Fault(f"{at}/ref", "condition_value", f"{op.value} takes a value, no ref")
    ref = _path(raw["ref"], f"{at}/ref", roots)
    _check_time(ref, op, at)
    return Field(path, op, ref=ref)


def happened(raw: Mapping[str, Any], at: str, *, has_steps: bool, match: Condition | None) -> Happened:
    """A question about what happened, whose ``match`` was read before."""
    event, op, of, within = raw["event"], raw.get("op"), raw.get("of"), raw.get("within")
    check_event_name(event, f"{at}/event")
    if op not in ("happened", "not_happened", "count_gte"):
        raise Fault(f"{at}/op", "condition_op", "for events: happened, not_happened, count_gte")
    if of is not None and not has_steps:
        raise Fault(f"{at}/of", "condition_field", "of is for automations: it names one of its steps")
    if of is not None and not (isinstance(of, str) and _STEP.fullmatch(of)):
        raise Fault(f"{at}/of", "condition_field", "the id of a step of this automation")
    if within is not None:
        check_duration(within, f"{at}/within")
    value = raw.get("value")
    if (op == "count_gte") != (value is not None) or not _is_count(value):
        words = f"count_gte, and only it, takes a value: a whole number from 1 to {MAX_COUNT}"
        raise Fault(f"{at}/value", "condition_value", words)
    return Happened(event, op, of, within, match, value)


def check_event_name(raw: Any, at: str) -> None:
    """Check that it is the name of an event."""
    if not isinstance(raw, str) or not _EVENT.fullmatch(raw):
        words = "the name of an event, such as message.opened: up to five words of a-z, 0-9 and _, with dots between"
        raise Fault(at, "condition_field", words)


def tag(raw: Mapping[str, Any], at: str) -> Tag:
    """Whether the contact has a tag."""
    check_members(raw, at, ("tag", "op"))
    op = raw.get("op", "has")
    if op not in ("has", "has_not"):
        raise Fault(f"{at}/op", "condition_op", "for a tag: has, has_not")
    return Tag(name(raw["tag"], f"{at}/tag"), op == "has")


def group(raw: Mapping[str, Any], at: str) -> Group:
    """Whether the contact is in a group."""
    check_members(raw, at, ("group", "op"))
    op = raw.get("op", "in")
    if op not in ("in", "not_in"):
        raise Fault(f"{at}/op", "condition_op", "for a group: in, not_in")
    return Group(name(raw["group"], f"{at}/group"), op == "in")


def suppressed(raw: Mapping[str, Any], at: str) -> Suppressed:
    """Whether the contact gets no more messages on a channel."""
    check_members(raw, at, ("suppressed",))
    channels = [channel.value for channel in Channel]
    if raw["suppressed"] not in channels:
        raise Fault(f"{at}/suppressed", "condition_value", f"a channel: {', '.join(channels)}")
    return Suppressed(raw["suppressed"])


def _op(raw: Any, at: str) -> Op:
    try:
        return Op(raw)
    except ValueError:
        raise Fault(at, "condition_op", f"for fields: {', '.join(Op)}") from None


def _path(raw: Any, at: str, roots: Collection[str]) -> str:
    if isinstance(raw, str) and _PATH.fullmatch(raw):
        root, *steps = raw.split(".")
        if root in roots and (root != "contact" or len(steps) == 1):
            return raw
    words = ", ".join("contact.<field>" if root == "contact" else f"{root}.<name>" for root in roots)
    raise Fault(at, "condition_field", f"no field that is known here: use {words}")


def _check_time(path: str, op: Op, at: str) -> None:
    if path in ALWAYS_TIMES and op not in OF_TIMES:
        raise Fault(f"{at}/op", "condition_op", f"{path} is a time, for which there is no {op.value}")


def _is_count(raw: Any) -> bool:
    return raw is None or (type(raw) is int and 1 <= raw <= MAX_COUNT)

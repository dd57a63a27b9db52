"""Conditions in forms of steps: lines that are all to be met, any of them or none, and groups of such lines among them.

What lines cannot say is written as JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from panel.http.forms import Form
from panel.segments.conditions import INPUTS, Row, as_text, new_row, part_of, row_of
from panel.segments.words import KINDS


class NotReadable(Exception):
    """What stands in a field cannot be sent: it must be JSON, or a number, and is none. ``name``: the field's."""

    def __init__(self, name: str, told: str = "") -> None:
        """``told``: what is wrong, to be translated; "": it is no JSON."""
        super().__init__(name)
        self.name, self.told = name, told


JOINS = ("all", "any", "none")
MOST_LINES = 20
"""Of a group."""
_MOST_GROUPS = 6
_LISTS = ("in", "not_in", "between")
_TEXT_KINDS = ("text", "date", "time")
"""Types of fields whose values are texts, whatever they look like."""
_TEXTS = ("within_last", "older_than", "before", "after", "starts_with", "ends_with")
"""Operators that compare with nothing but texts."""

Types = Mapping[str, str]
"""Of fields whose values are known to be of one: ``contact.zip`` is a ``text``, whatever it looks like."""


@dataclass(slots=True)
class Group:
    """Lines, and how many of them must be true."""

    join: str = "all"
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Lines:
    """A condition in a form."""

    groups: list[Group]
    """The first is the whole; the others stand in it."""
    text: str | None = None
    """JSON in their place."""


def lines_of(condition: Any, types: Types) -> Lines:
    """A condition that is stored; ``None``: there is none, and a line to fill in is shown."""
    if condition is None:
        return Lines([Group(rows=[new_row("field")])])
    try:
        groups = _groups(condition)
        if groups is not None and _plain(condition_of(Lines(groups), types)) == _plain(condition):
            return Lines(groups)
    except (AttributeError, KeyError, TypeError):  # a draft may hold what is no condition
        pass
    return Lines([], as_text(condition))


def entered(form: Form, name: str) -> Lines:
    """What a form says that was sent."""
    if form.flag(f"{name}.text"):
        return Lines([], form.raw(f"{name}.text"))
    groups: list[Group] = []
    for number in range(_MOST_GROUPS):
        join = form.text(f"{name}.join.{number}")
        if join not in JOINS:
            continue
        lines = form.many(f"{name}.lines.{number}")[:MOST_LINES]
        rows = [{one: form.text(f"{name}.{number}.{line}.{one}") for one in INPUTS} for line in lines]
        groups.append(Group(join, [row for row in rows if row["kind"] in KINDS]))
    return Lines(groups or [Group()])


def edited(lines: Lines, what: str) -> Lines:
    """With a line or a group more or less: ``add.0.tag``, ``remove.0.2``, ``group``, ``ungroup.1``, ``json``."""
    action, _, more = what.partition(".")
    number, _, which = more.partition(".")
    group = lines.groups[int(number)] if number.isdigit() and int(number) < len(lines.groups) else None
    if action == "add" and group is not None and which in KINDS and len(group.rows) < MOST_LINES:
        group.rows.append(new_row(which))
    elif action == "remove" and group is not None and which.isdigit() and int(which) < len(group.rows):
        del group.rows[int(which)]
    elif action == "group" and len(lines.groups) < _MOST_GROUPS:
        lines.groups.append(Group("any", [new_row("field")]))
    elif action == "ungroup" and group is not None and group is not lines.groups[0]:
        lines.groups.remove(group)
    elif action == "json":
        return Lines([], as_text(condition_of(lines, {}) or {"field": "contact.email", "op": "exists"}))
    elif action == "clear":
        return lines_of(None, {})
    return lines


def condition_of(lines: Lines, types: Types, name: str = "") -> Any:
    """As the API takes it; ``None``: there is no condition. Lines that are not filled in are left out.

    Raises:
        NotReadable: what was written as JSON is none; of the field of this ``name``.
    """
    if lines.text is not None:
        if not lines.text.strip():
            return None
        try:
            return orjson.loads(lines.text)
        except orjson.JSONDecodeError:
            raise NotReadable(name) from None
    inner = [_joined(group.join, _parts(group, types)) for group in lines.groups[1:]]
    whole = lines.groups[0]
    return _joined(whole.join, _parts(whole, types) + [one for one in inner if one is not None])


def _parts(group: Group, types: Types) -> list[Any]:
    def value(name: str, op: str, text: str) -> Any:
        return _value(op, text, types.get(name, ""))

    filled = [row for row in group.rows if row["field" if row["kind"] == "field" else "value"]]
    return [_with_reference(part_of(row, value, "")) for row in filled]


def _with_reference(part: dict[str, Any]) -> dict[str, Any]:
    """``{{ run.key }}`` as the value is another field."""
    value = part.get("value")
    if "field" in part and isinstance(value, str) and value.startswith("{{") and value.endswith("}}"):
        return {"field": part["field"], "op": part["op"], "ref": value[2:-2].strip()}
    return part


def _joined(join: str, parts: list[Any]) -> Any:
    if not parts:
        return None
    if join == "none":
        return {"not": parts[0] if len(parts) == 1 else {"any": parts}}
    return parts[0] if len(parts) == 1 else {join: parts}


def _groups(condition: dict[str, Any]) -> list[Group] | None:
    """The whole and the groups in it; ``None``: they cannot say it."""
    join, parts = _opened(condition)
    groups = [Group(join)]
    for part in parts:
        row = _row(part)
        if row is not None:
            groups[0].rows.append(row)
            continue
        inner_join, inner = _opened(part)
        rows = [one for one in map(_row, inner) if one is not None]
        if len(rows) != len(inner) or part in inner:
            return None
        groups.append(Group(inner_join, rows))
    return groups if len(groups) <= _MOST_GROUPS else None


def _opened(condition: dict[str, Any]) -> tuple[str, list[Any]]:
    """How parts are joined, and the parts; of a question by itself only that."""
    for join in ("all", "any"):
        if set(condition) == {join}:
            return join, condition[join]
    if set(condition) == {"not"} and _row(condition) is None:
        inner = condition["not"]
        return "none", inner["any"] if set(inner) == {"any"} else [inner]
    return "all", [condition]


def _row(part: Any) -> Row | None:
    if set(part) == {"field", "op", "ref"}:
        part = {"field": part["field"], "op": part["op"], "value": f"{{{{ {part['ref']} }}}}"}
    return row_of(part, _text, "")


def _plain(condition: Any) -> Any:
    """The same condition, whatever the order of its parts, and without joints of a single part."""
    if not isinstance(condition, dict):
        return condition
    for join in ("all", "any"):
        if set(condition) == {join}:
            parts = [_plain(part) for part in condition[join]]
            return parts[0] if len(parts) == 1 else {join: sorted(parts, key=lambda part: orjson.dumps(part))}
    return {"not": _plain(condition["not"])} if set(condition) == {"not"} else condition


def _value(op: str, text: str, kind: str) -> Any:
    if op in _LISTS:
        return [_one(part.strip(), kind) for part in text.split(",") if part.strip()]
    return text if op in _TEXTS or text.startswith("{{") else _one(text, kind)


def _one(text: str, kind: str) -> Any:
    """A text in quotes is a text; else what looks like a number, or like true or false, is that."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    is_known = isinstance(value, str) or (kind not in _TEXT_KINDS and isinstance(value, int | float | bool))
    return value if is_known else text


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, str) and _one(value, "") == value:
        return value
    return orjson.dumps(value).decode()

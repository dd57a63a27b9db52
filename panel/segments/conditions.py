"""A segment's condition as lines of a form: parts that are all to be met, or any; others are written as JSON."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from panel.http.forms import Form
from panel.segments.words import EVENT_OPERATORS, KINDS, OPERATORS

Row = dict[str, str]
"""A line: its ``kind``, and texts of its inputs."""

_LISTS = ("in", "not_in", "between")
_NO_VALUE = ("exists", "missing")
_LENGTHS = ("within_last", "older_than")
INPUTS = ("kind", "field", "op", "value", "within", "of")
"""Of a line. ``of``: the step whose message an event is about; only automations have steps."""
_MOST = 20
"""Lines: as many parts as one list may have."""


def entered_rows(form: Form, without: str = "") -> list[Row]:
    """The lines of a form that was sent; ``without`` that of a number."""
    numbers = [number for number in form.many("row") if number != without][:_MOST]
    rows = [{name: form.text(f"{name}.{number}") for name in INPUTS} for number in numbers]
    return [row for row in rows if row["kind"] in KINDS]


def new_row(kind: str) -> Row:
    """A line to fill in."""
    first = {"field": "eq", "event": "happened"}.get(kind, "is")
    return dict.fromkeys(INPUTS, "") | {"kind": kind, "op": first, "within": "30d" if kind == "event" else ""}


def condition_of(join: str, rows: list[Row], types: Mapping[str, str]) -> dict[str, Any]:
    """As the API takes it. ``types``: of custom fields."""

    def value(name: str, op: str, text: str) -> Any:
        return _value(op, text, types.get(name, "text"))

    return {"any" if join == "any" else "all": [part_of(row, value, "contact.") for row in rows]}


def rows_of(condition: Mapping[str, Any]) -> tuple[str, list[Row]] | None:
    """How parts are joined, and their lines; ``None``: lines cannot say it."""
    if len(condition) != 1 or (join := next(iter(condition))) not in ("all", "any"):
        rows = [row_of(condition, _text, "contact.")]
        join = "all"
    else:
        rows = [row_of(part, _text, "contact.") for part in condition[join]]
    known = [row for row in rows if row is not None]
    return (join, known) if len(known) == len(rows) <= _MOST else None


def as_text(condition: Mapping[str, Any]) -> str:
    """JSON that people read."""
    return orjson.dumps(condition, option=orjson.OPT_INDENT_2).decode()


def from_text(text: str) -> Any:
    """What was written; what is no JSON goes to the API as it is, which refuses it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def part_of(row: Row, value_of: Callable[[str, str, str], Any], prefix: str) -> dict[str, Any]:
    """A line as a part of a condition.

    ``value_of``: what a field is compared with, by its name, the operator and the text. ``prefix``: of its name.
    """
    kind, op, value = row["kind"], row["op"], row["value"]
    if kind == "field":
        part: dict[str, Any] = {"field": f"{prefix}{row['field']}", "op": op}
        return part if op in _NO_VALUE else part | {"value": value_of(row["field"], op, value)}
    if kind == "event":
        more = {name: row[name] for name in ("within", "of") if row[name]}
        return {"event": value, "op": op} | more | ({"value": _number(row["field"])} if op == "count_gte" else {})
    negative = {"tag": {"op": "has_not"}, "group": {"op": "not_in"}}.get(kind, {})
    if op != "not":
        return {kind: value}
    return {kind: value, **negative} if negative else {"not": {kind: value}}


def _value(op: str, text: str, kind: str) -> Any:
    if op in _LISTS:
        return [_one(part.strip(), kind) for part in text.split(",") if part.strip()]
    return text if op in _LENGTHS else _one(text, kind)


def _one(text: str, kind: str) -> Any:
    if kind == "number":
        return _number(text)
    return text.lower() in ("true", "yes", "1") if kind == "boolean" else text


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def row_of(part: Any, text_of: Callable[[Any], str], prefix: str) -> Row | None:
    """The line of a part; ``None``: no line can say it. ``text_of``: how a value is written."""
    row = dict.fromkeys(INPUTS, "")
    keys = set(part)
    if keys <= {"field", "op", "value"} and {"field", "op"} <= keys and part["op"] in OPERATORS:
        name = part["field"].removeprefix(prefix)
        return row | {"kind": "field", "field": name, "op": part["op"], "value": text_of(part.get("value", ""))}
    if keys <= {"event", "op", "within", "value", "of"} and part.get("op") in EVENT_OPERATORS:
        more = {name: str(part.get(name, "")) for name in ("within", "of")}
        count = _text(part.get("value", ""))
        return row | {"kind": "event", "value": part["event"], "op": part["op"], "field": count} | more
    for kind, negative in (("tag", "has_not"), ("group", "not_in"), ("suppressed", "")):
        if kind in part and keys <= {kind, "op"}:
            op = "not" if negative and part.get("op") == negative else "is"
            return row | {"kind": kind, "value": part[kind], "op": op}
    if keys == {"not"} and set(part["not"]) == {"suppressed"}:
        return row | {"kind": "suppressed", "value": part["not"]["suppressed"], "op": "not"}
    return None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)

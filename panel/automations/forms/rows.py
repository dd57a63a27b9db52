"""Lists in a form: fallbacks, limits, what is kept of an answer. What a line has no field for stays as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from panel.automations.forms.conditions import NotReadable
from panel.automations.forms.fields import Field
from panel.automations.forms.texts import member, put, text_of, value_from
from panel.http.forms import Form
from panel.rendering.words import _

_TWICE = _("This name is in another line already.")


@dataclass(frozen=True, slots=True)
class Row:
    """A line."""

    number: int
    was: str
    """Which of those that are stored it is; "" of a new one."""
    fields: tuple[Field, ...]
    """With the number in their names: ``f.fallback.0.after``."""
    form: Form
    """What they show."""

    @property
    def is_filled(self) -> bool:
        """Whether something was entered, or is stored."""
        return bool(self.was) or any(self.form.text(field.name) for field in self.fields if field.kind != "choice")


def stored_rows(value: Any, field: Field) -> list[Row]:
    """Those of a step that is stored."""
    if field.kind == "pairs":
        value = [{"name": name, "value": place} for name, place in value.items()] if isinstance(value, dict) else []
    rows = []
    for number, one in enumerate(value if isinstance(value, list) else []):
        texts = {inner.path: text_of(member(one, inner.path), inner.kind) for inner in field.rows}
        rows.append(_row(field, number, str(number), texts))
    return rows


def entered_rows(form: Form, field: Field) -> list[Row]:
    """Those of a form that was sent, numbered anew."""
    rows: list[Row] = []
    for line in form.many(f"{field.name}.lines")[: field.most]:
        at = f"{field.name}.{line}."
        texts = {inner.path: form.raw(at + inner.path) for inner in field.rows}
        rows.append(_row(field, len(rows), form.text(f"{at}was"), texts))
    return rows


def edited_rows(rows: list[Row], field: Field, what: str) -> list[Row]:
    """With a line further up or down, one less, or one more: ``up.1``, ``down.0``, ``remove.2``, ``add``."""
    action, _dot, number = what.partition(".")
    if action == "add" and len(rows) < field.most:
        return [*rows, _row(field, len(rows), "", {})]
    if not number.isdigit() or int(number) >= len(rows) or action not in ("up", "down", "remove"):
        return rows
    index = int(number)
    changed = [*rows[:index], *rows[index + 1 :]]
    if action != "remove":
        changed.insert(max(0, index + (1 if action == "down" else -1)), rows[index])
    return [_row(field, at, row.was, dict(_texts(row))) for at, row in enumerate(changed)]


def rows_from(form: Form, field: Field, before: Any) -> Any:
    """As the API takes them; ``None``: there are none. Lines that are not filled in are left out.

    Raises:
        NotReadable: a number is none, or two lines have the same name.
    """
    rows = [row for row in entered_rows(form, field) if row.is_filled]
    if field.kind == "pairs":
        return _pairs(rows) or None
    return [_object(row, before if isinstance(before, list) else []) for row in rows] or None


def places_of(rows: list[Row], field: Field, pointer: str) -> Iterator[tuple[str, str]]:
    """Where the API names faults of these lines, and the field that each is about. ``pointer``: to the list."""
    for number, row in enumerate(row for row in rows if row.is_filled):
        if field.kind == "pairs":
            name, value = (row.form.text(inner.name) for inner in row.fields)
            wrong = row.fields[0 if not value or value.startswith("/") else 1]
            yield f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}", wrong.name
        else:
            for inner in row.fields:
                yield f"{pointer}/{number}/{inner.path.replace('.', '/')}", inner.name


def _row(field: Field, number: int, was: str, texts: Mapping[str, str]) -> Row:
    fields = tuple(replace(inner, at=f"{field.name}.{number}.") for inner in field.rows)
    return Row(number, was, fields, Form(values={inner.name: texts.get(inner.path, "") for inner in fields}))


def _texts(row: Row) -> Iterator[tuple[str, str]]:
    return ((field.path, row.form.raw(field.name)) for field in row.fields)


def _pairs(rows: list[Row]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        name, value = (row.form.text(field.name) for field in row.fields)
        if name in found:
            raise NotReadable(row.fields[0].name, _TWICE)
        found[name] = value
    return found


def _object(row: Row, before: list[Any]) -> dict[str, Any]:
    is_known = row.was.isdigit() and int(row.was) < len(before)
    made: dict[str, Any] = dict(before[int(row.was)]) if is_known else {}
    for field in row.fields:
        put(made, field.path, value_from(row.form, field))
    return made

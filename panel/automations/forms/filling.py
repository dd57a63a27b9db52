"""Steps and triggers as forms make them.

A form manages the members that it names; what else a step has stays as it is, and can be seen and changed as JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from panel.automations.forms.conditions import Lines, NotReadable, Types, condition_of, entered, lines_of
from panel.automations.forms.fields import LISTS, TRIGGER_FIELDS, Field, fields_of
from panel.automations.forms.rows import Row, edited_rows, entered_rows, rows_from, stored_rows
from panel.automations.forms.texts import member, put, text_of, value_from
from panel.automations.tree import Step
from panel.http.forms import Form
from panel.rendering.words import _

MOST_ARMS = 20
WITH_ARMS = ("branch", "split")
"""Kinds whose form has the ways."""
_HAS_STEPS = _("The way of its own has steps, which would go: remove them from the tree first.")
_CONDITIONS = ("condition", "match")


def values_of(shown_of: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, str]:
    """What the form of a step, or of a trigger, shows."""
    plain = (field for field in fields if field.kind not in (*_CONDITIONS, *LISTS))
    return {field.name: text_of(member(shown_of, field.path), field.kind) for field in plain}


def conditions_of(
    shown_of: Mapping[str, Any] | None, form: Form, fields: Iterable[Field], types: Types
) -> dict[str, Lines]:
    """Those of a form, by the names of their fields; without ``shown_of`` as they were entered."""
    return {
        field.name: entered(form, field.name) if shown_of is None else lines_of(member(shown_of, field.path), types)
        for field in fields
        if field.kind in _CONDITIONS
    }


def rows_of(
    shown_of: Mapping[str, Any] | None, form: Form, fields: Iterable[Field], edit: str = ""
) -> dict[str, list[Row]]:
    """Lists of a form, by the names of their fields; without ``shown_of`` as entered. ``edit``: a change of one."""
    found = {}
    named, _bar, what = edit.partition("|")
    for field in fields:
        if field.kind in LISTS:
            rows = entered_rows(form, field) if shown_of is None else stored_rows(member(shown_of, field.path), field)
            if shown_of is None and not edit:
                rows = [row for row in rows if row.is_filled]
            found[field.name] = edited_rows(rows, field, what) if named == field.name else rows
    return found


def step_from(form: Form, kind: str, before: Mapping[str, Any], types: Types) -> Step:
    """The step that a form makes of the one before, with the steps in its arms.

    Raises:
        NotReadable: a field that must be JSON, or a number, is none; or steps would be lost.
    """
    step: Step = filled({**before, "kind": kind}, form, fields_of(kind), types)
    _set_way_of_failures(step)
    if kind == "branch":
        step["arms"] = list(_branch_arms(form, before.get("arms", []), types))
    if kind == "split":
        step["arms"] = list(_split_arms(form, before.get("arms", [])))
    if kind == "send" and step.get("template"):
        step.pop("content", None)
    if "fallback" in step:
        step["fallback"] = [_with_text(one) for one in step["fallback"]]
    return step


def trigger_from(form: Form, kind: str, before: Mapping[str, Any], types: Types) -> dict[str, Any]:
    """The trigger that a form makes.

    Raises:
        NotReadable: a field that must be JSON is none.
    """
    trigger = {**before, "kind": kind} if before.get("kind") == kind else {"kind": kind}
    return filled(trigger, form, TRIGGER_FIELDS[kind], types)


def filled(before: Mapping[str, Any], form: Form, fields: Iterable[Field], types: Types) -> dict[str, Any]:
    """A copy with what a form has of these fields; what else it has stays.

    Raises:
        NotReadable: a field that must be JSON, or a number, is none.
    """
    after = dict(before)
    for field in fields:
        put(after, field.path, _value(form, field, member(before, field.path), types))
    return after


def _set_way_of_failures(step: Step) -> None:
    """The steps after a failure stand in the tree; without them there is no such way."""
    on_error = dict(step.get("on_error") or {})
    if on_error.get("then") == "arm":
        step["on_error"] = {**on_error, "arm": on_error.get("arm", [])}
    elif on_error.get("arm"):
        raise NotReadable("f.on_error.then", _HAS_STEPS)
    elif "arm" in on_error:
        put(step, "on_error.arm", None)


def _with_text(fallback: dict[str, Any]) -> dict[str, Any]:
    """A text goes before a template, which is not to be seen in the form; without both the API asks for a text."""
    if "content" in fallback:
        return {name: value for name, value in fallback.items() if name != "template"}
    return fallback if "template" in fallback else {**fallback, "content": {}}


def _branch_arms(form: Form, before: list[dict[str, Any]], types: Types) -> Iterator[dict[str, Any]]:
    """Those with a condition, or with steps: the API says of these that they lack one."""
    for index in range(MOST_ARMS):
        named = f"arm.{index}.when"
        when = condition_of(entered(form, named), types, named)
        steps = _steps_of(form, before, index)
        if when is not None or steps:
            name = form.text(f"arm.{index}.name")
            yield ({"name": name} if name else {}) | ({} if when is None else {"when": when}) | {"steps": steps}


def _split_arms(form: Form, before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index in range(MOST_ARMS):
        name, weight = form.text(f"arm.{index}.name"), form.text(f"arm.{index}.weight")
        steps = _steps_of(form, before, index)
        if weight or steps:
            if not weight.isdigit():
                raise NotReadable(f"arm.{index}.weight")
            yield ({"name": name} if name else {}) | {"weight": int(weight), "steps": steps}


def _steps_of(form: Form, before: list[dict[str, Any]], index: int) -> list[Step]:
    """Those in the way that it was; a new way has none."""
    was = form.text(f"arm.{index}.was")
    return list(before[int(was)].get("steps", [])) if was.isdigit() and int(was) < len(before) else []


def _value(form: Form, field: Field, before: Any, types: Types) -> Any:
    if field.kind in _CONDITIONS:
        return condition_of(entered(form, field.name), types, field.name)
    return rows_from(form, field, before) if field.kind in LISTS else value_from(form, field)

"""Steps and triggers as forms make them.

A form manages the members that it names; what else a step has stays as it is, and can be seen and changed as JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from panel.automations.forms.conditions import Lines, NotReadable, Types, condition_of, entered, lines_of
from panel.automations.forms.fields import TRIGGER_FIELDS, Field, fields_of
from panel.automations.tree import Step
from panel.http.forms import Form

MOST_ARMS = 20
_CONDITIONS = ("condition", "match")


def values_of(shown_of: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """What the form of a step, or of a trigger, shows."""
    shown = {}
    for field in fields:
        if field.kind in _CONDITIONS:
            continue
        value = _get(shown_of, field.path)
        if field.kind == "json" and value is not None:
            value = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        elif field.kind == "words" and value:
            value = ", ".join(value)
        shown[field.name] = "" if value is None else value
    return shown


def conditions_of(
    shown_of: Mapping[str, Any] | None, form: Form, fields: Iterable[Field], types: Types
) -> dict[str, Lines]:
    """Those of a form, by the names of their fields; without ``shown_of`` as they were entered."""
    return {
        field.name: entered(form, field.name) if shown_of is None else lines_of(_get(shown_of, field.path), types)
        for field in fields
        if field.kind in _CONDITIONS
    }


def step_from(form: Form, kind: str, before: Mapping[str, Any], types: Types) -> Step:
    """The step that a form makes of the one before, with the steps in its arms.

    Raises:
        NotReadable: a field that must be JSON, or a number, is none.
    """
    step: Step = filled({**before, "kind": kind}, form, fields_of(kind), types)
    if kind == "branch":
        step["arms"] = list(_branch_arms(form, before.get("arms", []), types))
    if kind == "split":
        step["arms"] = list(_split_arms(form, before.get("arms", [])))
    if kind == "send" and step.get("template"):
        step.pop("content", None)
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
        _put(after, field.path, _value(form, field, types))
    return after


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


def _value(form: Form, field: Field, types: Types) -> Any:
    if field.kind in _CONDITIONS:
        return condition_of(entered(form, field.name), types, field.name)
    text = form.raw(field.name).strip()
    if not text:
        return None
    if field.kind == "json":
        return _json(field.name, text)
    if field.kind == "words":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.kind == "number":
        if not text.isdigit():
            raise NotReadable(field.name)
        return int(text)
    return text


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotReadable(name) from None


def _get(step: Mapping[str, Any], path: str) -> Any:
    first, _, rest = path.partition(".")
    value = step.get(first)
    return value if not rest else _get(value, rest) if isinstance(value, dict) else None


def _put(step: Step, path: str, value: Any) -> None:
    """Set a member, or take it away; what is empty then goes as well."""
    first, _, rest = path.partition(".")
    if rest:
        inner = dict(step[first]) if isinstance(step.get(first), dict) else {}
        _put(inner, rest, value)
        value = inner or None
    if value is None:
        step.pop(first, None)
    else:
        step[first] = value

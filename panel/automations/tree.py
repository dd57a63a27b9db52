"""The tree of a definition, as the editor changes it. Steps are named by their ids, places by what they are behind.

A place is ``<list>:<index>``: the list is ``top``, or ``<step id>/<arm>`` with the arm ``then``, ``else``, ``arms.0`` …
or ``on_error``.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from panel.http.errors import NotThere

Step = dict[str, Any]
TOP = "top"
ON_ERROR = "on_error"
"""The arm for runs at which the step fails."""
_INNER = {"arms": "/steps", ON_ERROR: "/arm"}
"""Behind an arm, by how its name begins: where its steps stand in the step."""


class NoSuchPlace(NotThere):
    """The definition has changed since the page was shown."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A list of steps within a step."""

    name: str
    """As places have it."""
    label: str
    steps: list[Step]


def arms_of(step: Step) -> list[Arm]:
    """The arms of a step, in their order; none of most."""
    on_error = step.get(ON_ERROR) or {}
    return [*_arms_of_kind(step), *([Arm(ON_ERROR, ON_ERROR, on_error["arm"])] if "arm" in on_error else [])]


def _arms_of_kind(step: Step) -> list[Arm]:
    kind = step["kind"]
    if kind == "wait_event":
        return [Arm(name, name, step.get(name, [])) for name in ("then", "else")]
    if kind in ("branch", "split"):
        arms = [
            Arm(f"arms.{index}", arm.get("name") or str(index + 1), arm.get("steps", []))
            for index, arm in enumerate(step["arms"])
        ]
        return [*arms, Arm("else", "else", step.get("else", []))] if kind == "branch" else arms
    return []


def all_steps(definition: dict[str, Any]) -> Iterator[Step]:
    """Every step, in the order in which they are read."""
    yield from _within(definition["steps"])


def find(definition: dict[str, Any], step_id: str) -> Step:
    """A step by its id.

    Raises:
        NoSuchPlace: there is none.
    """
    for step in all_steps(definition):
        if step["id"] == step_id:
            return step
    raise NoSuchPlace


def inserted(definition: dict[str, Any], place: str, step: Step) -> dict[str, Any]:
    """The definition with another step at a place.

    Raises:
        NoSuchPlace: there is no such list.
    """
    changed = copy.deepcopy(definition)
    where, _, index = place.rpartition(":")
    if not index.isdigit():
        raise NoSuchPlace
    _list_at(changed, where).insert(int(index), step)
    return changed


def replaced(definition: dict[str, Any], step_id: str, step: Step) -> dict[str, Any]:
    """The definition with another step in the place of one."""
    changed = copy.deepcopy(definition)
    steps, index = _position(changed, step_id)
    steps[index] = step
    return changed


def removed(definition: dict[str, Any], step_id: str) -> dict[str, Any]:
    """The definition without a step, and what is in its arms."""
    changed = copy.deepcopy(definition)
    steps, index = _position(changed, step_id)
    del steps[index]
    return changed


def moved(definition: dict[str, Any], step_id: str, by: int) -> dict[str, Any]:
    """The definition with a step further up (negative) or down in its list, as far as that goes."""
    changed = copy.deepcopy(definition)
    steps, index = _position(changed, step_id)
    step = steps.pop(index)
    steps.insert(max(0, min(len(steps), index + by)), step)
    return changed


def new_id(definition: dict[str, Any], kind: str, used: set[str]) -> str:
    """An id for a step of this kind. ``used``: ids of published versions, which are never used again."""
    taken = used | {step["id"] for step in all_steps(definition)}
    number = 1
    while f"{kind}{number}" in taken:
        number += 1
    return f"{kind}{number}"


def pointer_of(definition: dict[str, Any], step_id: str) -> str:
    """Where a step stands in a definition, as a JSON pointer; "" if it is not there."""
    return _pointer(definition["steps"], "/steps", step_id)


def _pointer(steps: list[Step], at: str, step_id: str) -> str:
    for index, step in enumerate(steps):
        here = f"{at}/{index}"
        if step["id"] == step_id:
            return here
        for arm in arms_of(step):
            place = arm.name.replace(".", "/") + _INNER.get(arm.name.partition(".")[0], "")
            if found := _pointer(arm.steps, f"{here}/{place}", step_id):
                return found
    return ""


def _within(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for arm in arms_of(step):
            yield from _within(arm.steps)


def _lists(definition: dict[str, Any]) -> Iterator[list[Step]]:
    yield definition["steps"]
    for step in all_steps(definition):
        yield from (arm.steps for arm in arms_of(step))


def _position(definition: dict[str, Any], step_id: str) -> tuple[list[Step], int]:
    for steps in _lists(definition):
        for index, step in enumerate(steps):
            if step["id"] == step_id:
                return steps, index
    raise NoSuchPlace


def _list_at(definition: dict[str, Any], where: str) -> list[Step]:
    if where == TOP:
        return list_of(definition, "steps")
    step_id, _, arm = where.partition("/")
    step = find(definition, step_id)
    if arm in ("then", "else"):
        return list_of(step, arm)
    if arm == ON_ERROR and "arm" in (step.get(ON_ERROR) or {}):
        return list_of(step[ON_ERROR], "arm")
    name, _, index = arm.partition(".")
    arms = step.get("arms", [])
    if name != "arms" or not index.isdigit() or int(index) >= len(arms):
        raise NoSuchPlace
    return list_of(arms[int(index)], "steps")


def list_of(holder: dict[str, Any], name: str) -> list[Step]:
    """A list of steps that may not be there yet."""
    steps: list[Step] = holder.setdefault(name, [])
    return steps

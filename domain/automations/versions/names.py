"""Names in texts and conditions that stay empty for those who are past the step that sets them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.automations.checks.outline import Outline, everything, outline
from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Call, Send, Step, WaitEvent
from domain.automations.position import Tree
from domain.automations.versions.reach import ahead, behind

_MARKUP = re.compile(r"\{[{%].{0,600}?[%}]\}", re.DOTALL)
_NAME = re.compile(r"\b(vars|steps)\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Gap:
    """A name that is empty for some."""

    step: str
    """Whose text or condition has the name."""
    name: str


def named_in(text: str) -> set[str]:
    """``vars.<name>`` and ``steps.<id>`` that a text, or a field of a condition, names."""
    places = _MARKUP.findall(text) if "{" in text else [text] if _NAME.match(text) else []
    return {f"{root}.{name}" for place in places for root, name in _NAME.findall(place)}


def names_of_steps(flow: Flow, templates: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """By step, what its texts and conditions name. ``templates``: by step, the texts of the template that it sends."""
    found: dict[str, set[str]] = {}
    for step in everything(outline(flow.source)):
        names = {name for text in _texts(_own(step)) for name in named_in(text)}
        names |= {name for text in templates.get(str(step.id), ()) for name in named_in(text)}
        if isinstance(of := step.raw.get("of"), str):
            names.add(f"steps.{of}")
        found[str(step.id)] = names
    return found


def gaps(
    old: Tree, at: str | None, new: Flow, new_tree: Tree, to: str | None, names: Mapping[str, Collection[str]]
) -> list[Gap]:
    """What is empty for a run that is at a step (``at``) and goes on at one of the new definition (``to``)."""
    had = {name for step in (behind(old, at) if at else ()) for name in _sets(step)}
    known = had | {f"vars.{name}" for name in new.vars}
    set_somewhere = {name for tree in (old, new_tree) for place in tree.places.values() for name in _sets(place.step)}
    found = []
    for step in ahead(new_tree, to):
        found += [Gap(step.id, name) for name in sorted(names.get(step.id, ())) if name in set_somewhere - known]
        known |= _sets(step)
    return found


def _sets(step: Step) -> set[str]:
    match step:
        case Send():
            return {f"steps.{step.id}"}
        case Call():
            return {f"steps.{step.id}", *(f"vars.{name}" for name in step.save)}
        case WaitEvent(save=str(name)):
            return {f"vars.{name}"}
    return set()


def _own(step: Outline) -> dict[str, Any]:
    """A step without the steps within it."""
    own = {name: value for name, value in step.raw.items() if name not in ("then", "else", "note", "name")}
    if "arms" in own:
        own["arms"] = [{name: value for name, value in arm.items() if name != "steps"} for arm in own["arms"]]
    if isinstance(own.get("on_error"), dict):
        own["on_error"] = {}
    return own


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)

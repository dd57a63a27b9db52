"""What changed between two definitions, and how it can be published.

A *patch* keeps the tree: it reaches those inside at their next step, and moves their waits. Everything else is a
*version*: those inside stay on the one with which they entered, unless they are migrated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.automations.checks.outline import Outline, outline
from domain.automations.definition.flow import Flow
from domain.automations.versions.differences import Difference, Path, differ, place
from domain.errors import FieldError

_ALWAYS = (("name",), ("note",), ("on_error", "retry"))
PATCHED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "send": (
        *(("template",), ("content",), ("to",), ("gateway",)),
        *(("fallback", "*", name) for name in ("template", "content", "gateway", "after")),
    ),
    "wait": (("for",), ("until",), ("at",), ("window",), ("timezone",), ("offset",), ("jitter",)),
    "wait_event": (("timeout",),),
    "branch": (("arms", "*", "name"),),
    "split": (("arms", "*", "name"),),
    "call": (("url",), ("headers",), ("body",), ("timeout",), ("retry",)),
    "emit": (("data",),),
    "start": (("data",),),
    "stop": (("reason",),),
    "notify": (("message",),),
    "exit": (("reason",),),
}
"""By kind of step: members that a patch may change, with all in them. ``*``: any place in a list."""
_PATCHED_HEAD = (("name",), ("description",))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed."""

    needs: Literal["nothing", "patch", "version"]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    step: Outline
    parent: str | None
    arm: str | None
    index: int


def compare(old: Flow, new: Flow) -> Comparison:
    """What changed from one definition to another."""
    found = (*_head(old.source, new.source), *_tree(old.source, new.source))
    if not found:
        return Comparison("nothing", ())
    return Comparison("version" if any(one.needs == "version" for one in found) else "patch", found)


def reused_ids(kinds: Mapping[str, str], new: Flow) -> list[FieldError]:
    """Faults of steps that have the id which a step of another kind had. ``kinds``: by id, of all versions so far."""
    faults = []
    for id_, spot in _spots(new.source).items():
        if kinds.get(id_, spot.step.kind) != spot.step.kind:
            words = f"{id_!r} was a step of the kind {kinds[id_]}: choose another id"
            faults.append(FieldError(f"{spot.step.at}/id", "step_id_reused", words))
    return faults


def _head(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for path, before, after in differ(_head_of(old), _head_of(new)):
        yield Difference(place("", path), "changed", before, after, _needs(path, _PATCHED_HEAD))


def _head_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    head = {name: value for name, value in raw.items() if name not in ("steps", "trigger")}
    return head | ({"triggers": [raw["trigger"]]} if "trigger" in raw else {})


def _tree(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = _spots(old), _spots(new)
    for id_, spot in before.items():
        if id_ not in after:
            yield Difference(spot.step.at, "removed", _own(spot.step), None, "version", id_)
    moved = _moved(before, after)
    for id_, spot in after.items():
        if id_ not in before:
            yield Difference(spot.step.at, "added", None, _own(spot.step), "version", id_)
            continue
        if id_ in moved:
            yield Difference(spot.step.at, "moved", before[id_].step.at, spot.step.at, "version", id_)
        yield from _step(before[id_].step, spot.step)


def _step(old: Outline, new: Outline) -> Iterator[Difference]:
    patched = (*_ALWAYS, *PATCHED.get(new.kind, ()))
    for path, before, after in differ(_own(old), _own(new)):
        needs = _needs(path, patched)
        yield Difference(place(new.at, path), "changed", before, after, needs, new.id)


def _needs(path: Path, patched: tuple[tuple[str, ...], ...]) -> Literal["patch", "version"]:
    for known in patched:
        if len(path) >= len(known) and all(name in ("*", part) for name, part in zip(known, path, strict=False)):
            return "patch"
    return "version"


def _own(step: Outline) -> dict[str, Any]:
    """A step without the steps within it."""
    own = {name: value for name, value in step.raw.items() if name not in ("then", "else")}
    if "arms" in own:
        own["arms"] = [{name: value for name, value in arm.items() if name != "steps"} for arm in own["arms"]]
    if "on_error" in own:
        own["on_error"] = {name: value for name, value in own["on_error"].items() if name != "arm"}
    return own


def _spots(raw: Mapping[str, Any]) -> dict[str, _Spot]:
    found: dict[str, _Spot] = {}

    def add(steps: list[Outline], parent: str | None, arm: str | None) -> None:
        for index, step in enumerate(steps):
            assert step.id is not None
            found[step.id] = _Spot(step, parent, arm, index)
            for key, inner in step.lists.items():
                add(inner, step.id, key)

    add(outline(raw), None, None)
    return found


def _moved(before: Mapping[str, _Spot], after: Mapping[str, _Spot]) -> set[str]:
    """Steps that are in another arm, or in another order among those that stayed in theirs: as few as explain it."""
    lists: dict[tuple[str | None, str | None], list[str]] = {}
    moved: set[str] = set()
    for id_, spot in after.items():
        if id_ not in before:
            continue
        if (before[id_].parent, before[id_].arm) == (spot.parent, spot.arm):
            lists.setdefault((spot.parent, spot.arm), []).append(id_)
        else:
            moved.add(id_)
    for ids in lists.values():
        kept = _longest_rise([before[id_].index for id_ in ids])
        moved.update(id_ for n, id_ in enumerate(ids) if n not in kept)
    return moved


def _longest_rise(numbers: list[int]) -> set[int]:
    """Places of a longest rising row among numbers."""
    rows: list[list[int]] = []
    longest: list[int] = []
    for n, number in enumerate(numbers):
        before: list[int] = []
        for row in rows:
            if numbers[row[-1]] < number and len(row) > len(before):
                before = row
        rows.append([*before, n])
        longest = max(longest, rows[-1], key=len)
    return set(longest)

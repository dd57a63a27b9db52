"""What can have happened before each step: steps that no run reaches, and references to steps that come later."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from domain.audience.conditions.tree import All, Any_, Condition, Field, Happened, Not
from domain.automations.checks.outline import Outline, everything
from domain.automations.shapes.notes import Notes

_ABOUT = frozenset({"send", "call"})
"""Kinds that have a message or a call which events can be about."""


@dataclass(slots=True)
class _Walk:
    notes: Notes
    before: dict[str, frozenset[str]] = field(default_factory=dict)
    """By the place of a step: ids of those that can have run when a run comes to it."""


def check_order(steps: list[Outline], notes: Notes) -> None:
    """Note steps that no run reaches, and references to steps that are not there or cannot have run."""
    walk = _Walk(notes)
    _after_list(steps, frozenset(), walk)
    kinds = {step.id: step.kind for step in everything(steps) if step.id is not None}
    for step in everything(steps):
        _check_reference(step, "of", kinds, walk)
        _check_reference(step, "since", kinds, walk)
    for at, condition in notes.conditions:
        for id_, is_about in _steps_in(condition):
            _check(id_, at, kinds, walk.before.get(_owner(at, walk), frozenset(kinds.keys())), notes, about=is_about)


def _after_list(steps: list[Outline], before: frozenset[str], walk: _Walk) -> frozenset[str] | None:
    """What can have run after a list; ``None``: no run leaves it at its end."""
    known: frozenset[str] | None = before
    touched, waits, noted = before, False, False
    for step in steps:
        if known is None and step.kind == "goal" and waits and step.raw.get("disabled") is not True:
            known = touched
        if known is None and not noted:
            words = "no run comes here: the steps before it end every run. Remove it, or move it before the exit"
            walk.notes.add(step.at, "step_unreachable", words)
            noted = True
        if step.kind == "goal":
            known = None if known is None else known | touched
        known = _after_step(step, known, touched, walk)
        inner = list(everything([step]))
        touched |= {one.id for one in inner if one.id is not None}
        waits = waits or any(one.kind in ("wait", "wait_event") for one in inner)
    return known


def _after_step(
    step: Outline, known: frozenset[str] | None, touched: frozenset[str], walk: _Walk
) -> frozenset[str] | None:
    before = touched if known is None else known
    walk.before[step.at] = before
    own = before | ({step.id} if step.id else set())
    ends = [_after_list(inner, own, walk) for key, inner in step.lists.items()]
    if known is None:
        return None
    taken = dict(zip(step.lists, ends, strict=True))
    error = taken.pop("on_error", own)
    if step.kind == "exit":
        reached: list[frozenset[str] | None] = []
    elif step.kind == "split":
        reached = [end for key, end in taken.items() if _has_weight(step, key)] or [own]
    else:
        reached = list(taken.values()) or [own]
    if not step.is_sure:
        reached.append(before)
    if step.kind != "exit":
        reached.append(error if "on_error" in step.lists else None)
    found = [end for end in reached if end is not None]
    return frozenset().union(*found) if found else None


def _has_weight(step: Outline, key: str) -> bool:
    return bool(step.raw["arms"][int(key.removeprefix("arms/"))].get("weight") != 0)


def _check_reference(step: Outline, member: str, kinds: dict[str, str], walk: _Walk) -> None:
    id_ = step.raw.get(member)
    if step.kind != "wait_event" or not isinstance(id_, str) or (member == "since" and id_ == "entry"):
        return
    _check(id_, f"{step.at}/{member}", kinds, walk.before.get(step.at, frozenset()), walk.notes, about=member == "of")


def _check(id_: str, at: str, kinds: dict[str, str], before: Iterable[str], notes: Notes, *, about: bool) -> None:
    if id_ not in kinds:
        notes.add(at, "step_unknown", f"there is no step {id_[:64]!r}")
    elif id_ not in before:
        notes.add(at, "step_not_before", f"the step {id_!r} cannot have run yet: name one that comes before this one")
    elif about and kinds[id_] not in _ABOUT:
        notes.add(at, "step_kind", f"the step {id_!r} neither sends nor calls: events can be about those only")


def _owner(at: str, walk: _Walk) -> str:
    """The place of the step in which a condition stands; empty: in none."""
    while at and at not in walk.before:
        at = at.rpartition("/")[0]
    return at


def _steps_in(condition: Condition) -> Iterator[tuple[str, bool]]:
    """Ids of steps that a condition names, and whether events have to be about them."""
    match condition:
        case All(items) | Any_(items):
            for item in items:
                yield from _steps_in(item)
        case Not(item):
            yield from _steps_in(item)
        case Field(path, _, _, ref):
            for name in (path, ref or ""):
                if name.startswith("steps."):
                    yield name.split(".")[1], False
        case Happened(of=of, match=inner):
            if of is not None:
                yield of, True
            if inner is not None:
                yield from _steps_in(inner)

"""The tree of a definition, as far as it can be seen in JSON that may have faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.automations.definition.limits import MAX_DEPTH


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A step."""

    at: str
    """Its place in the definition."""
    id: str | None
    kind: str
    raw: Mapping[str, Any]
    lists: "dict[str, list[Outline]]" = field(default_factory=dict)
    """By their place in the step, as in ``Arm``."""

    @property
    def is_sure(self) -> bool:
        """Whether every run that comes here takes the step."""
        return "if" not in self.raw and self.raw.get("disabled") is not True


def outline(raw: Mapping[str, Any]) -> list[Outline]:
    """The steps of a definition; those of lists that are too deep are left out."""
    return _list(raw.get("steps"), "/steps", 1)


def everything(steps: list[Outline]) -> Iterator[Outline]:
    """These steps and all within them."""
    for step in steps:
        yield step
        for inner in step.lists.values():
            yield from everything(inner)


def _list(raw: Any, at: str, depth: int) -> list[Outline]:
    if not isinstance(raw, list) or depth > MAX_DEPTH:
        return []
    return [_step(step, f"{at}/{n}", depth) for n, step in enumerate(raw) if isinstance(step, Mapping)]


def _step(raw: Mapping[str, Any], at: str, depth: int) -> Outline:
    kind, id_ = raw.get("kind"), raw.get("id")
    found = Outline(at, id_ if isinstance(id_, str) else None, kind if isinstance(kind, str) else "", raw)
    for key, place, inner in _inner_lists(found.kind, raw):
        found.lists[key] = _list(inner, f"{at}/{place}", depth + 1)
    return found


def _inner_lists(kind: str, raw: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    if kind in ("branch", "split"):
        arms = raw.get("arms")
        for n, arm in enumerate(arms if isinstance(arms, list) else []):
            if isinstance(arm, Mapping):
                yield f"arms/{n}", f"arms/{n}/steps", arm.get("steps")
    if kind == "wait_event":
        yield "then", "then", raw.get("then")
    if kind in ("branch", "wait_event"):
        yield "else", "else", raw.get("else")
    on_error = raw.get("on_error")
    if isinstance(on_error, Mapping) and "arm" in on_error:
        yield "on_error", "on_error/arm", on_error["arm"]

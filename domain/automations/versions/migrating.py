"""Where runs go on that are moved from one version to another.

A run at a step that is still there stays at it, wherever that step is now: its wait goes on from when it began. A run
at a step that was removed goes where the map says. If the map does not name the step, it goes to the next step behind
it in the old version that is still there; if there is none, the run is complete.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from domain.automations.position import Tree
from domain.errors import FieldError, pointer

EXIT = "exit"
"""In a map: the run ends."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a run goes on."""

    step: str | None
    """``None``: it ends."""
    how: Literal["stays", "mapped", "next", "exit", "complete"]
    """``next``: at the next step that is still there; ``exit``: the map says so; ``complete``: nothing is left."""


def map_faults(old: Collection[str], new: Tree, moves: Mapping[str, str]) -> list[FieldError]:
    """What is wrong with a map from steps that were removed to steps of the new version, or to ``exit``.

    ``old``: the steps of all versions whose runs are moved.
    """
    faults = []
    for step, target in moves.items():
        if step not in old:
            words = f"no version whose contacts move has a step {step[:64]!r}"
            faults.append(FieldError(pointer(step), "step_unknown", words))
        elif step in new.places:
            words = f"the step {step!r} is still there: those at it stay at it"
            faults.append(FieldError(pointer(step), "step_not_removed", words))
        if target != EXIT and target not in new.places:
            words = f"the new version has no step {target[:64]!r}: name one of its steps, or exit"
            faults.append(FieldError(pointer(step), "step_unknown", words))
    return faults


def landings(old: Tree, new: Tree, moves: Mapping[str, str]) -> dict[str, Landing]:
    """By step of the old version: where a run at it goes on. ``moves`` has no faults."""
    return {step: _landing(step, old, new, moves) for step in old.places}


def _landing(step: str, old: Tree, new: Tree, moves: Mapping[str, str]) -> Landing:
    if step in new.places:
        return Landing(step, "stays")
    if step in moves:
        return Landing(None, "exit") if moves[step] == EXIT else Landing(moves[step], "mapped")
    following = old.after(step)
    while following is not None and following not in new.places:
        following = old.after(following)
    return Landing(None, "complete") if following is None else Landing(following, "next")

"""Where a run is: at a step, by its id. Ids are stable, so a place outlives changes of the definition around it."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import GoalStep, Step


@dataclass(frozen=True, slots=True)
class Place:
    """A step in its list."""

    step: Step
    siblings: tuple[Step, ...]
    index: int
    parent: str | None = None
    """The step in whose arm it is; ``None``: it is in none."""
    arm: str | None = None
    """The key of that arm."""


class Tree:
    """The steps of a definition, by id. Everything that gets an id raises ``KeyError`` if there is no such step."""

    def __init__(self, flow: Flow) -> None:
        self._roots = flow.steps
        self.places: dict[str, Place] = {}
        """As they stand in the definition."""
        self._add(flow.steps, None, None)

    def _add(self, steps: tuple[Step, ...], parent: str | None, arm: str | None) -> None:
        for index, step in enumerate(steps):
            self.places[step.id] = Place(step, steps, index, parent, arm)
            for inner in step.lists:
                self._add(inner.steps, step.id, inner.key)

    def step(self, step_id: str) -> Step:
        """The step of this id."""
        return self.places[step_id].step

    def first(self) -> str:
        """Where a run begins."""
        return self._roots[0].id

    def after(self, step_id: str) -> str | None:
        """Where a run goes on behind a step: the next one in its list, or behind the step whose arm that is.

        ``None``: the run is complete.
        """
        place: Place | None = self.places[step_id]
        while place is not None:
            if place.index + 1 < len(place.siblings):
                return place.siblings[place.index + 1].id
            place = self.places[place.parent] if place.parent is not None else None
        return None

    def after_next(self, step_id: str) -> str | None:
        """The same for a run that leaves out the next step; only one of the same list is left out."""
        place = self.places[step_id]
        if place.index + 1 < len(place.siblings):
            return self.after(place.siblings[place.index + 1].id)
        return self.after(step_id)

    def into(self, step_id: str, arm: str) -> str | None:
        """Where a run goes on that takes an arm of a step; behind the step if the arm is empty, or not there."""
        steps = next((inner.steps for inner in self.step(step_id).lists if inner.key == arm), ())
        return steps[0].id if steps else self.after(step_id)

    def ancestors(self, step_id: str) -> tuple[str, ...]:
        """The steps in whose arms it is, the outermost first."""
        found: list[str] = []
        parent = self.places[step_id].parent
        while parent is not None:
            found.append(parent)
            parent = self.places[parent].parent
        return tuple(reversed(found))

    def goals_ahead(self, step_id: str) -> tuple[GoalStep, ...]:
        """The goals that can draw a run that waits at a step: those behind it in its list, and in the lists around.

        The nearest first. Goals within arms draw nobody from outside.
        """
        found: list[GoalStep] = []
        for id_ in (step_id, *reversed(self.ancestors(step_id))):
            place = self.places[id_]
            behind = place.siblings[place.index + 1 :]
            found += [step for step in behind if isinstance(step, GoalStep) and not step.disabled]
        return tuple(found)

    def dearest(self, step_id: str, costs: Mapping[str, int]) -> int:
        """The most that a run can spend that goes on at a step, given what each step costs: of arms the dearest."""
        total, place, index = 0, self.places[step_id], self.places[step_id].index
        while True:
            total += _dearest(place.siblings[index:], costs)
            if place.parent is None:
                return total
            place = self.places[place.parent]
            index = place.index + 1


def _dearest(steps: tuple[Step, ...], costs: Mapping[str, int]) -> int:
    return sum(
        costs.get(step.id, 0) + max((_dearest(arm.steps, costs) for arm in step.lists), default=0)
        for step in steps
        if not step.disabled
    )

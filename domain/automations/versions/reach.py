"""What lies behind and before a run, seen from the step that it is at."""

from collections.abc import Iterator

from domain.automations.definition.flow import walk
from domain.automations.definition.steps import Step
from domain.automations.position import Tree


def behind(tree: Tree, step: str) -> list[Step]:
    """The steps that a run may have taken that is at this one, as they stand in the definition."""
    found: list[Step] = []
    for id_ in (*tree.ancestors(step), step):
        place = tree.places[id_]
        found += walk(place.siblings[: place.index])
        if id_ != step:
            found.append(place.step)
    return found


def ahead(tree: Tree, step: str | None) -> list[Step]:
    """The steps that it may take yet, with the one that it is at; ``None``: it has not begun."""
    return list(_ahead(tree, step or tree.first()))


def _ahead(tree: Tree, step: str) -> Iterator[Step]:
    place = tree.places[step]
    yield from walk(place.siblings[place.index :])
    for parent in reversed(tree.ancestors(step)):
        of = tree.places[parent]
        yield from walk(of.siblings[of.index + 1 :])

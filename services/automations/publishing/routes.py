"""By which definition contacts of each version go on, and where."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from domain.automations.versions.migrating import Landing, landings
from store.automations import automations
from store.automations.automations import Automation
from store.automations.publishing import versions
from store.automations.publishing.versions import Onward
from store.pool import Connections


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """What becomes of contacts in a version."""

    version: int
    before: Flow
    old: Tree
    """The steps of ``before``."""
    flow: Flow
    """The definition by which they go on."""
    tree: Tree
    landings: Mapping[str, Landing]
    """By step of theirs: where they go on."""
    is_new: bool
    """Whether that is the one that is published now."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What is published now."""

    version: int
    revision: int
    flow: Flow
    people: str
    moves: Mapping[str, str]


class Routes:
    """The routes of the versions of an automation, once something is published."""

    def __init__(self, store: Connections, automation: Automation, made: Publishing) -> None:
        """``automation``: as it was before."""
        self._store = store
        self._automation = automation
        self._made = made
        self._flows: dict[int, Flow] = {}

    @staticmethod
    def entering(made: Publishing) -> Route:
        """That of those who enter from now on."""
        tree = Tree(made.flow)
        return Route(made.version, made.flow, tree, made.flow, tree, {}, is_new=True)

    async def of(self, numbers: Sequence[int]) -> list[Route]:
        """Those of some versions."""
        later = list(await versions.onward(self._store, self._automation.id, 0))
        if self._made.revision == 1 and self._made.people != "pin":
            later.append(Onward(self._made.version, self._made.people, self._made.moves))
        return [await self._route(number, later) for number in numbers]

    async def _route(self, number: int, later: Sequence[Onward]) -> Route:
        before = flow = await self._flow(number)
        here = number
        tree = start = Tree(before)
        found = {step: Landing(step, "stays") for step in start.places}
        while (to := next((one for one in later if one.version > here), None)) is not None and to.people == "migrate":
            flow = await self._flow(to.version)
            following = Tree(flow)
            onward = landings(tree, following, to.moves)
            found = {step: _both(landing, onward) for step, landing in found.items()}
            tree, here = following, to.version
        if here == self._made.version:
            flow = self._made.flow
            tree = Tree(flow)
        return Route(number, before, start, flow, tree, found, here == self._made.version)

    async def _flow(self, number: int) -> Flow:
        """The newest revision of a version that was published before, or what is published now."""
        if number == self._made.version and self._made.revision == 1:
            return self._made.flow
        if number not in self._flows:
            revision = await versions.newest_revision(
                self._store, self._automation.id, number, but=self._made.revision if number == self._made.version else 0
            )
            found = await automations.version(self._store, self._automation.id, number, revision)
            assert found is not None, "contacts are in what was published"
            self._flows[number] = await asyncio.to_thread(parse_flow, found.definition)
        return self._flows[number]


def _both(first: Landing, onward: Mapping[str, Landing]) -> Landing:
    """Two landings after each other."""
    if first.step is None:
        return first
    second = onward[first.step]
    return first if second.how == "stays" else second

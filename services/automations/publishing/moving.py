"""Moves runs to later versions. A run moves when it is looked at, so that no publishing waits for a hundred thousand
runs, and none is lost on the way: what says where it goes is stored with the version.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.automations.versions.migrating import Landing, landings
from domain.automations.versions.waits import is_undisturbed
from services.automations.flows import Flows
from store.automations.publishing import versions
from store.automations.runs import Looked, Run, StepTaken
from store.pool import Connections

_MOST = 200


@dataclass(frozen=True, slots=True)
class Landed:
    """A run in the version that it belongs to by now."""

    looked: Looked
    """Its run is not written yet."""
    noted: tuple[StepTaken, ...] = ()
    """Steps on which it moved: they are not written yet."""
    ends: str | None = None
    """The state in which it ends, as its step is gone and nothing follows."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the next version that is no ``pin`` does with the runs of a version."""

    version: int
    landings: Mapping[str, Landing]
    """By step: where runs at it go on."""
    vars: Mapping[str, Any]
    """With what ``vars`` begins."""
    undisturbed: Sequence[str]
    """Steps at which runs go on waiting as they do."""


class Moves:
    """Which versions runs move to: one per process, as it remembers. What a version says never changes."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows
        self._kept: OrderedDict[tuple[UUID, int], Move | None] = OrderedDict()

    async def landed(self, store: Connections, looked: Looked) -> Landed:
        """A run that is locked, moved by all versions that were published since its own and move contacts inside."""
        run, ends, noted = looked.run, None, list[StepTaken]()
        if looked.moves_to is None or run.version >= looked.moves_to:
            return Landed(looked)
        while ends is None and (move := await self.next(store, run.automation_id, run.version)) is not None:
            run, step, ends = _moved(looked, run, move)
            noted += [step] if step else []
        if run.version == looked.run.version:
            return Landed(looked)
        revision = await versions.newest_revision(store, run.automation_id, run.version)
        return Landed(replace(looked, run=run, revision=revision), tuple(noted), ends)

    async def next(self, store: Connections, automation_id: UUID, version: int) -> Move | None:
        """Where runs of a version move first; ``None``: nowhere."""
        place = automation_id, version
        if place not in self._kept:
            later = await versions.onward(store, automation_id, version)
            if not later:
                return None
            self._kept[place] = await self._move(store, place, later[0]) if later[0].people == "migrate" else None
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return self._kept[place]

    async def _move(self, store: Connections, place: tuple[UUID, int], to: versions.Onward) -> Move:
        old = await self._flows.of(store, *place, await versions.newest_revision(store, *place))
        new = await self._flows.of(store, place[0], to.version, 1)
        quiet = [id_ for id_ in old.tree.places if is_undisturbed(id_, old.flow, old.tree, new.flow, new.tree)]
        return Move(to.version, landings(old.tree, new.tree, to.moves), new.flow.vars, quiet)


def _moved(looked: Looked, run: Run, move: Move) -> tuple[Run, StepTaken | None, str | None]:
    """The run in the version after, what is noted of it, and the state in which it ends."""
    run = replace(run, version=move.version, vars={**move.vars, **run.vars})
    if run.step is None or (landing := move.landings[run.step]).how == "stays":
        return run, None, None
    told = {"result": "moved", "version": move.version, "how": landing.how, "to": landing.step}
    noted = StepTaken(run.taken + 1, run.step, looked.now, told)
    run = replace(run, taken=run.taken + 1, since=None, until=None, state="running")
    if landing.step is None:
        return run, noted, "exited" if landing.how == "exit" else "completed"
    return replace(run, step=landing.step), noted, None

"""Definitions that were published, remembered in each process: none of them ever changes."""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from services.automations.listening import event_names
from store.automations import automations
from store.pool import Connections

_MOST = 200

Place = tuple[UUID, int, int]
"""An automation, a version and a revision."""


@dataclass(frozen=True, slots=True)
class Published:
    """A definition, ready to go by."""

    flow: Flow
    tree: Tree
    events: frozenset[str]
    """Names of those that may matter to a run."""


def published(flow: Flow) -> Published:
    """A definition that was read."""
    return Published(flow, Tree(flow), frozenset(event_names(flow)))


class Flows:
    """One per process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Place, Published] = OrderedDict()

    async def of(self, store: Connections, automation_id: UUID, version: int, revision: int) -> Published:
        """A revision of a version."""
        place = automation_id, version, revision
        if place not in self._kept:
            found = await automations.version(store, automation_id, version, revision)
            assert found is not None, "what runs go by was published"
            flow = parse_flow(found.definition)
            self._kept[place] = published(flow)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(place)
        return self._kept[place]

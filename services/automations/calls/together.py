"""Requests of runs that take their steps in one transaction: read for all at once, and written for all."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from store.automations import calls
from store.automations.calls import New
from store.automations.runs import Run
from store.pool import Connections

Found = tuple[bool, dict[str, Any] | None]
"""Whether there is a request, and its answer if that has come."""


class CallsOfRound:
    """Those of a round."""

    def __init__(self, store: Connections, inside: Sequence[Run]) -> None:
        self._store = store
        self._inside = inside
        self._known: dict[tuple[UUID, int], dict[str, Any] | None] | None = None
        self._new: list[New] = []
        self._taken: list[tuple[UUID, int]] = []

    async def find(self, run: Run, number: int) -> Found:
        """The request of a run's step."""
        if run.since is None:
            return False, None
        if self._known is None:
            self._known = await calls.of_runs(self._store, [one.id for one in self._inside if one.since is not None])
        return (run.id, number) in self._known, self._known.get((run.id, number))

    def put(self, new: New) -> None:
        """Have a request be made soon."""
        self._new.append(new)

    def take(self, run: Run, number: int) -> None:
        """The step has taken the answer."""
        self._taken.append((run.id, number))

    async def write(self) -> None:
        """Write what was noted so far."""
        if self._new:
            await calls.put(self._store, self._new)
        if self._taken:
            await calls.forget(self._store, self._taken)
        self._new, self._taken = [], []

"""Which gateways in use are paused: queried once a second, for all dispatches of a process together."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from domain.messages.page import Route
from store.gateways import routing
from store.pool import DB_UNAVAILABLE, Pool

LOOK_SECONDS = 1.0
"""How soon a dispatch learns that its gateway was paused. One that ends earlier costs no query."""


class PauseWatch:
    """Queries the database as long as there are dispatches."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._in_use: Counter[UUID] = Counter()
        self._used: set[UUID] = set()
        """Gateways that were used since the last query: the next dispatch shall know their state at once."""
        self._paused: dict[UUID, int] = {}
        self._looking: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def on(self, route: Route) -> AsyncIterator[Callable[[], bool]]:
        """While a dispatch takes this route: whether its gateway was paused after the route was chosen."""
        gateway_id = UUID(route.gateway_id)
        self._in_use[gateway_id] += 1
        self._used.add(gateway_id)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield lambda: self._paused.get(gateway_id, 0) > route.version
        finally:
            self._in_use[gateway_id] -= 1

    async def _look_on(self) -> None:
        try:
            while gateways := self._used | set(+self._in_use):
                self._used = set()
                await asyncio.sleep(LOOK_SECONDS)
                with suppress(*DB_UNAVAILABLE):
                    self._paused = await routing.paused(self._pool, gateways | self._used)
        finally:
            self._looking = None

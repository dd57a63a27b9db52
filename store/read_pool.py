"""Where lists and reports are read: a replica that follows the database, or the database itself."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

import structlog

from store.connection import Connection
from store.pool import DB_UNAVAILABLE, Pool, open_pool

log = structlog.get_logger()

_WITHIN = 1.0
"""Seconds in which the replica must give a connection."""
_AWAY = 10.0
"""Seconds for which it is left alone then."""


class ReadPool:
    """Connections to the replica, and to the database while there is no replica that answers.

    What is read is behind by as much as the replica is: nothing that decides may be read here.
    """

    def __init__(self, primary: Pool, replica: Pool | None) -> None:
        self._primary = primary
        self._replica = replica
        self._away_until = 0.0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for statements that write nothing. One that is lost meanwhile fails as any other."""
        async with AsyncExitStack() as stack:
            conn = await self._replicas(stack)
            yield await stack.enter_async_context(self._primary.connection()) if conn is None else conn

    async def aclose(self) -> None:
        """Close the connections to the replica."""
        if self._replica is not None:
            await self._replica.close()

    async def _replicas(self, stack: AsyncExitStack) -> Connection | None:
        if self._replica is None or monotonic() < self._away_until:
            return None
        try:
            return await stack.enter_async_context(self._replica.connection(timeout=_WITHIN))
        except DB_UNAVAILABLE as error:
            self._away_until = monotonic() + _AWAY
            log.warning("the replica does not answer: lists are read from the database", error=type(error).__name__)
            return None


async def open_read_pool(primary: Pool, replica_url: str | None, size: int, name: str) -> ReadPool:
    """``replica_url``: ``None``: there is none. Behind a pooler, if the database is."""
    if replica_url is None:
        return ReadPool(primary, None)
    return ReadPool(primary, await open_pool(replica_url, size, name, replica_url if primary.is_pooled else None))

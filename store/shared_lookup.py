"""Look-ups that come at the same time share a statement: most of what one costs is the round trip around it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

_AT_A_TIME = 2
"""Statements at a time: where one waits for a connection that fell silent, the other goes on."""
_MOST = 200
"""Keys in one statement."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class SharedLookup(Generic[_K, _V]):
    """Reads values by their keys. A look-up that comes while others are being read waits for them, with all that come
    meanwhile. Nothing is cached: what is returned was read after it was asked for.
    """

    def __init__(self, read: Callable[[list[_K]], Awaitable[Mapping[_K, _V]]]) -> None:
        """``read`` returns the values of those keys that there are."""
        self._read = read
        self._waiting: list[tuple[_K, asyncio.Future[_V | None]]] = []
        self._readers = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: _K) -> _V | None:
        """The value of a key; ``None``: there is none.

        Raises:
            Exception: whatever ``read`` raised, for all that were read together.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[_V | None] = loop.create_future()
        self._waiting.append((key, found))
        if self._readers < _AT_A_TIME:
            self._readers += 1
            task = loop.create_task(self._read_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await found

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                await self._read_waiting()
        finally:  # in the same step in which nobody waits: who comes after it begins a new one
            self._readers -= 1

    async def _read_waiting(self) -> None:
        together, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            values = await self._read(list(dict.fromkeys(key for key, _ in together)))
        except Exception as error:
            for _, found in together:
                if not found.done():
                    found.set_exception(error)
        else:
            for key, found in together:
                if not found.done():  # its caller may have gone
                    found.set_result(values.get(key))

"""Connections that wait for their next use, of web and mail servers alike."""

import asyncio
from collections import deque
from typing import Generic, Protocol, TypeVar


class Keepable(Protocol):
    """A connection that can be used again."""

    @property
    def usable(self) -> bool:
        """Whether it is still there and free."""
        ...

    def close(self) -> None:
        """Close it now, without waiting."""
        ...


Kept = TypeVar("Kept", bound=Keepable)


class Idle(Generic[Kept]):
    """Closes each connection that was unused for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: deque[tuple[Kept, float]] = deque()
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False

    def keep(self, connection: Kept) -> None:
        """Keep a connection for the next request; close it if it is unusable."""
        if self._closed or not connection.usable:
            connection.close()
            return
        self._kept.append((connection, asyncio.get_running_loop().time() + self._seconds))
        if self._reaper is None:
            self._plan_reaping()

    def take(self) -> Kept | None:
        """Return a usable connection, if there is one: the one used last, so that the others may grow old."""
        while self._kept:
            connection, _ = self._kept.pop()
            if connection.usable:
                return connection
        return None

    def clear(self) -> None:
        """Close all that are there."""
        while self._kept:
            self._kept.popleft()[0].close()

    def close(self) -> None:
        """Close all that are there now, and those in use as soon as they come back."""
        self._closed = True
        self.clear()
        if self._reaper is not None:
            self._reaper.cancel()

    def _plan_reaping(self) -> None:
        self._reaper = asyncio.get_running_loop().call_at(self._kept[0][1], self._reap)

    def _reap(self) -> None:
        self._reaper = None
        now = asyncio.get_running_loop().time()
        while self._kept and self._kept[0][1] <= now:
            self._kept.popleft()[0].close()
        if self._kept:
            self._plan_reaping()

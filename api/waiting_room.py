"""How many requests may wait to be accepted: a bounded number, of a bounded size."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import ApiError

MOST = 5000
"""Of all requests of a process."""
MOST_BYTES = 128 * 1024 * 1024
MOST_OF_A_GROUP = 2000
"""Of one channel and lane: what a stalled one leaves to the others."""

_OVERHEAD = 4096
"""Bytes that a request takes besides its content."""


class WaitingRoom:
    """Counts who waits."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._count = 0
        self._bytes = 0

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """A place for content of ``size`` bytes while the context is open, as by ``enter``."""
        self.enter(size)
        try:
            yield
        finally:
            self.leave(size)

    def enter(self, size: int) -> None:
        """Take a place, until ``leave``.

        Raises:
            ApiError: 503, there is none.
        """
        full = self._bytes + size + _OVERHEAD > self._most_bytes
        if self._count >= self._most or (self._count and full):
            raise ApiError(503, "busy", "too many messages wait to be accepted, and this was not: try again", [], 2.0)
        self._count += 1
        self._bytes += size + _OVERHEAD

    def leave(self, size: int) -> None:
        """Give it back."""
        self._count -= 1
        self._bytes -= size + _OVERHEAD

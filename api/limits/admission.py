"""How many requests may wait to be accepted: a bounded number, of a bounded size, no more than half by one account."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.http.errors import ApiError

MOST = 5000
"""Of all requests of a process."""
MOST_BYTES = 128 * 1024 * 1024
MOST_OF_A_GROUP = 2000
"""Of one channel and lane, so that a stalled one leaves capacity to the others."""

_OVERHEAD = 4096
"""Memory of a request besides its content, in bytes."""


class AdmissionLimit:
    """Counts waiting requests."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._count = 0
        self._bytes = 0
        self._counts: Counter[int] = Counter()
        self._sizes: Counter[int] = Counter()
        """By account."""

    @contextmanager
    def admitted(self, account_id: int, size: int) -> Iterator[None]:
        """Count a request with content of ``size`` bytes while the context is open, as by ``enter``."""
        self.enter(account_id, size)
        try:
            yield
        finally:
            self.leave(account_id, size)

    def enter(self, account_id: int, size: int) -> None:
        """Count a request, until ``leave``.

        Raises:
            ApiError: 503, the limit is reached; 429, the account has half of it.
        """
        size += _OVERHEAD
        own = self._counts[account_id]
        if self._count >= self._most or (self._count and self._bytes + size > self._most_bytes):
            raise ApiError(503, "busy", "too many messages wait to be accepted, and this was not: try again", [], 2.0)
        if 2 * own >= self._most or (own and 2 * (self._sizes[account_id] + size) > self._most_bytes):
            message = "too many messages of this account wait to be accepted, and this was not: try again"
            raise ApiError(429, "too_many_at_once", message, retry_after=2.0)
        self._count += 1
        self._bytes += size
        self._counts[account_id] += 1
        self._sizes[account_id] += size

    def leave(self, account_id: int, size: int) -> None:
        """Stop counting it."""
        size += _OVERHEAD
        self._count -= 1
        self._bytes -= size
        self._counts[account_id] -= 1
        self._sizes[account_id] -= size
        if not self._counts[account_id]:
            del self._counts[account_id], self._sizes[account_id]

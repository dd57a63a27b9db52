"""Bounds on the memory of ordinary bodies while they are read and parsed: in total, and by account."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.http.errors import ApiError

TOTAL = 32 * 1024 * 1024
SHARE = TOTAL // 3
"""Of one account."""
UNCOUNTED = 64 * 1024
"""The first bytes of a body are not counted: connections bound them, and nearly all bodies end there."""


class BodyMemory:
    """Counts the bytes of all bodies."""

    def __init__(self, total: int = TOTAL, share: int = SHARE) -> None:
        self._free = total
        self._share = share
        self._held: Counter[int] = Counter()

    @contextmanager
    def body(self, account_id: int) -> Iterator["HeldBody"]:
        """A body of an account, counted as it grows while the context is open."""
        held = HeldBody(self, account_id)
        try:
            yield held
        finally:
            held.release_memory()

    def take(self, account_id: int, size: int) -> None:
        """Count ``size`` more bytes.

        Raises:
            ApiError: 429 the account has too much already; 503 all have.
        """
        if self._held[account_id] + size > self._share:
            message = "too many bytes of this account arrive at once: nothing was accepted, try again"
            raise ApiError(429, "too_many_at_once", message, retry_after=2.0)
        if size > self._free:
            raise ApiError(
                503, "busy", "too many bytes arrive at once: nothing was accepted, try again", retry_after=2.0
            )
        self._free -= size
        self._held[account_id] += size

    def give_back(self, account_id: int, size: int) -> None:
        """Stop counting them."""
        self._free += size
        self._held[account_id] -= size
        if not self._held[account_id]:
            del self._held[account_id]


class HeldBody:
    """The counted bytes of one body."""

    def __init__(self, memory: BodyMemory, account_id: int) -> None:
        self._memory = memory
        self._account_id = account_id
        self._counted = 0

    def grow_to(self, length: int) -> None:
        """Count a body that has grown to ``length`` bytes. Raises as ``BodyMemory.take`` does."""
        more = length - UNCOUNTED - self._counted
        if more > 0:
            self._memory.take(self._account_id, more)
            self._counted += more

    def release_memory(self) -> None:
        """Stop counting it."""
        if self._counted:
            self._memory.give_back(self._account_id, self._counted)
            self._counted = 0

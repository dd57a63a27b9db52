"""What takes some effort to find out: once for all who ask at a time, and the same answer for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found(Generic[_T]):
    """What was found out, and when that was begun."""

    value: _T
    at: datetime
    begun: float
    """By the monotonic clock, in seconds."""


class Remembered(Generic[_T]):
    """Of one process: each has its own."""

    def __init__(self, find: Callable[[], Awaitable[_T]]) -> None:
        self._find = find
        self._finding = asyncio.Lock()
        self._found: Found[_T] | None = None

    async def get(self, seconds: float) -> Found[_T]:
        """What was found out at most so long ago; otherwise, and the first time, it is found out now.

        Raises:
            Exception: whatever finding it out raises; nothing is remembered then.
        """
        asked = time.monotonic()
        async with self._finding:
            if self._found is None or asked - self._found.begun > seconds:
                at, begun = datetime.now(UTC), time.monotonic()
                self._found = Found(await self._find(), at, begun)
            return self._found

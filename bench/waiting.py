"""Waiting for what real servers show."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

_T = TypeVar("_T")


async def until(look: Callable[[], Awaitable[_T]], enough: Callable[[_T], bool], within: float, pause: float) -> _T:
    """Poll, with pauses of ``pause`` seconds, until the result is enough; returns it.

    Raises:
        TimeoutError: it was not within ``within`` seconds.
    """
    async with asyncio.timeout(within):
        while True:
            if enough(seen := await look()):
                return seen
            await asyncio.sleep(pause)

"""Waiting for what no event tells of, by looking again and again."""

import asyncio


class Looks:
    """The pauses between looks: short at first, then longer, as a look takes time from what is waited for."""

    def __init__(self, first: float = 0.02) -> None:
        self._next = first

    async def pause(self) -> None:
        await asyncio.sleep(self._next)
        self._next = min(self._next * 1.3, 0.25)

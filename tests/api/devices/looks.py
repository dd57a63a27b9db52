"""The looks for messages of phones that the API of this process makes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from domain.devices.messages import HandedOut, Session
from store.pool import Pool

HandOut = Callable[..., Awaitable[HandedOut]]


class Looks:
    """The looks for messages in this process: which phones were looked for, and how many at a time."""

    def __init__(self, hand_out: HandOut) -> None:
        self._hand_out = hand_out
        self._ended = asyncio.Condition()
        self.sizes: list[int] = []
        self.running = 0
        self.most_running = 0
        self._counts: dict[UUID, int] = {}
        self.may_answer = asyncio.Event()
        """Cleared: looks go on, but their results wait."""
        self.may_answer.set()

    async def __call__(self, pool: Pool, sessions: Sequence[Session], limit: int, sim: str | None = None) -> HandedOut:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            handed = await self._hand_out(pool, sessions, limit, sim)
            await self.may_answer.wait()
            return handed
        finally:
            self.running -= 1
            self.sizes.append(len(sessions))
            async with self._ended:
                for one in sessions:
                    self._counts[one.device_id] = self._counts.get(one.device_id, 0) + 1
                self._ended.notify_all()

    async def of(self, device_id: UUID, count: int = 1) -> None:
        """Until a phone was looked for that often."""
        async with asyncio.timeout(10), self._ended:
            await self._ended.wait_for(lambda: self._counts.get(device_id, 0) >= count)

"""The binds of one account: each message goes over one of them, with all its parts."""

import asyncio
from collections import deque
from collections.abc import Sequence

from gateways.sms.smpp.link import Link

_BULK_SHARE = 4
"""While both wait, every so manyth place is for bulk: without any it would wait until its time is over."""


class Binds:
    """Places for messages that have no answer yet: a window of them on each bind.

    Who comes when all are taken waits in order, urgent messages before those of bulk.
    """

    def __init__(self, links: Sequence[Link], window: int) -> None:
        """``window``: places on each bind."""
        self.links = links
        self._window = window
        self._taken = dict.fromkeys(links, 0)
        self._urgent: deque[asyncio.Future[Link]] = deque()
        self._bulk: deque[asyncio.Future[Link]] = deque()
        self._turn = 0
        self._left = asyncio.Event()

    async def take(self, seconds: float, *, bulk: bool) -> Link:
        """The bind of a free place, to be given back.

        Raises:
            TimeoutError: none became free within so many seconds.
        """
        async with asyncio.timeout(seconds):
            return await self._take(self._bulk if bulk else self._urgent)

    def give_back(self, link: Link) -> None:
        """Free a place on this bind."""
        self._taken[link] -= 1
        self._serve()
        self._left.set()

    async def drained(self) -> None:
        """Wait until all places are free, and nobody waits for one."""
        while any(self._taken.values()) or self._urgent or self._bulk:
            self._left.clear()
            await self._left.wait()

    async def _take(self, queue: "deque[asyncio.Future[Link]]") -> Link:
        turn: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._serve()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(turn.result())
            elif turn in queue:
                queue.remove(turn)
                self._left.set()
            raise

    def _serve(self) -> None:
        while (queue := self._next()) and (link := self._free()):
            turn = queue.popleft()
            if not turn.done():  # else it has just been given up
                self._taken[link] += 1
                self._turn += 1
                turn.set_result(link)

    def _next(self) -> "deque[asyncio.Future[Link]] | None":
        if self._urgent and self._bulk:
            return self._bulk if self._turn % _BULK_SHARE == 0 else self._urgent
        return self._urgent or self._bulk or None

    def _free(self) -> Link | None:
        """The bind with the most free places. One that is not bound is taken only if none is: that binds it."""
        usable = [link for link in self.links if link.is_bound] or self.links
        best = min(usable, key=self._taken.__getitem__)
        return best if self._taken[best] < self._window else None

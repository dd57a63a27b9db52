"""Slots shared by all accounts: each has at most its share, and waiting requests are served round-robin by account."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.http.errors import ApiError


class FairSlots:
    """A number of slots. A request may need several at once, such as one for each of its bytes."""

    def __init__(self, total: int, share: int, *, waiting: int, patience: float, what: str) -> None:
        """``share``: the most of one account; its first request may be larger.

        ``waiting``: requests of one account that may wait; ``patience``: seconds that each does; ``what`` names, to
        callers, what there is too much of.
        """
        self._free = total
        self._total = total
        self._share = share
        self._most_waiting = waiting
        self._patience = patience
        self._what = what
        self._held: Counter[int] = Counter()
        self._waiting: OrderedDict[int, deque[_Waiting]] = OrderedDict()
        """By account; the first one is next."""

    @asynccontextmanager
    async def slots(self, account_id: int, size: int = 1) -> AsyncIterator[None]:
        """``size`` slots for a request of an account, at most all, while the context is open.

        Raises:
            ApiError: 429 too many requests of the account wait already; 503 it took too long to get slots.
        """
        size = min(size, self._total)
        if not self._waiting and size <= self._free and self._within_share(account_id, size):
            self._take(account_id, size)
        else:
            await self._wait(account_id, size)
        try:
            yield
        finally:
            self._give_back(account_id, size)

    async def _wait(self, account_id: int, size: int) -> None:
        own = self._waiting.setdefault(account_id, deque())
        if len(own) >= self._most_waiting:
            message = f"too many {self._what} of this account at once: nothing was accepted, try again"
            raise ApiError(429, "too_many_at_once", message, retry_after=2.0)
        request = _Waiting(size, asyncio.get_running_loop().create_future())
        own.append(request)
        self._serve()  # it may have to wait only for requests of its own account
        try:
            async with asyncio.timeout(self._patience):
                await request.served
        except BaseException as error:
            self._leave(account_id, request)
            if isinstance(error, TimeoutError):
                message = f"too many {self._what} at once: nothing was accepted, try again"
                raise ApiError(503, "busy", message, retry_after=5.0) from None
            raise

    def _leave(self, account_id: int, request: "_Waiting") -> None:
        """Give up waiting; slots granted at the same moment are returned."""
        if request.served.done() and not request.served.cancelled():
            self._give_back(account_id, request.size)
            return
        own = self._waiting.get(account_id, deque())
        if request in own:
            own.remove(request)
            if not own:
                del self._waiting[account_id]
        self._serve()

    def _serve(self) -> None:
        """Grant slots to waiting requests, one of each account in turn."""
        while (account_id := self._next()) is not None:
            own = self._waiting[account_id]
            request = own.popleft()
            if own:
                self._waiting.move_to_end(account_id)
            else:
                del self._waiting[account_id]
            if not request.served.done():
                self._take(account_id, request.size)
                request.served.set_result(None)

    def _next(self) -> int | None:
        """The next account, if slots are free for it. Small requests do not overtake a large one: it might starve."""
        for account_id, own in self._waiting.items():
            if self._within_share(account_id, own[0].size):
                return account_id if own[0].size <= self._free else None
        return None

    def _within_share(self, account_id: int, size: int) -> bool:
        held = self._held[account_id]
        return not held or held + size <= self._share

    def _take(self, account_id: int, size: int) -> None:
        self._free -= size
        self._held[account_id] += size

    def _give_back(self, account_id: int, size: int) -> None:
        self._free += size
        self._held[account_id] -= size
        if not self._held[account_id]:
            del self._held[account_id]
        self._serve()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A request that waits for slots."""

    size: int
    served: asyncio.Future[None]

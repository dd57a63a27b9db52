"""The way to an SMSC: one bound session, and another as soon as it is lost, with pauses that grow while that fails."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from gateways.sms.smpp.session import CannotBind, Session

STEADY_SECONDS = 30.0
"""A session that lasted so long was a good one: when it ends, the next one is tried at once."""
FIRST_PAUSE = 1.0
LAST_PAUSE = 60.0


class Link:
    """Starts with the first request for a session; from then on it holds one until it is closed."""

    def __init__(self, open_session: Callable[[], Awaitable[Session]], keep_alive: float) -> None:
        """``keep_alive``: seconds between two questions whether the SMSC is still there."""
        self._open = open_session
        self._keep_alive = keep_alive
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._current: asyncio.Future[Session]

    async def session(self) -> Session:
        """A session that can be written to now. Raises ``CannotBind``, at once while a pause lasts."""
        if self._closed:
            raise CannotBind("the gateway was closed")
        if self._keeper is None:
            self._current = asyncio.get_running_loop().create_future()
            self._keeper = asyncio.create_task(self._keep())
        while (session := await asyncio.shield(self._current)).has_ended:  # noqa: ASYNC110 - for a moment,
            await asyncio.sleep(0)  # until the task that keeps it connected has noticed
        return session

    @property
    def is_bound(self) -> bool:
        """Whether there is a session that can be written to now."""
        if self._keeper is None or not self._current.done() or self._current.exception():
            return False
        return not self._current.result().has_ended

    async def aclose(self) -> None:
        """Unbind, and bind no more."""
        self._closed = True
        if self._keeper is None:
            return
        self._keeper.cancel()
        if not self._current.done():
            self._fail(CannotBind("the gateway was closed"))
        elif self._current.exception() is None:
            await self._current.result().unbind()

    async def _keep(self) -> None:
        pause = 0.0
        while True:
            lasted, reason = await self._hold()
            pause = 0.0 if lasted >= STEADY_SECONDS else min(max(2 * pause, FIRST_PAUSE), LAST_PAUSE)
            self._current = asyncio.get_running_loop().create_future()
            if pause:
                self._fail(CannotBind(f"{reason}; the next try is in {pause:g} s"))
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - not all processes at once
                self._current = asyncio.get_running_loop().create_future()

    async def _hold(self) -> tuple[float, str]:
        """Bind, and stay bound as long as it lasts. Returns how many seconds that was, and why it ended."""
        try:
            session = await self._open()
        except CannotBind as error:
            self._fail(error)
            return 0.0, str(error)
        began = asyncio.get_running_loop().time()
        self._current.set_result(session)
        reason = await session.watch(self._keep_alive)
        return asyncio.get_running_loop().time() - began, reason

    def _fail(self, error: CannotBind) -> None:
        self._current.set_exception(error)
        self._current.exception()  # marks it as retrieved, also if no caller waits

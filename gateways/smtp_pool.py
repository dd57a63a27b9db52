"""A few connections to one mail server, each used for many mails."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateways.smtp_session import Server, SmtpSession

IDLE_SECONDS = 5.0
"""An idle connection is closed after this: mail servers drop idle ones themselves, some within ten seconds."""


class SmtpPool:
    """At most ``size`` connections at a time; whoever comes when all are busy waits."""

    def __init__(self, server: Server, size: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._server = server
        self._places = asyncio.Semaphore(size)
        self._idle: deque[tuple[SmtpSession, float]] = deque()
        self._idle_seconds = idle_seconds
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False

    @asynccontextmanager
    async def session(self, *, fresh: bool = False) -> AsyncIterator[tuple[SmtpSession, bool]]:
        """Lend a connection, and tell whether it has been used before.

        ``fresh`` asks for a new one, after a kept one proved dead: the others are older still and are closed, too.

        Raises ``CannotConnect``. A connection on which something went wrong is closed, not kept.
        """
        async with self._places:
            if fresh:
                self._close_idle()
            used = self._take_idle()
            session = used or await SmtpSession.open(self._server)
            try:
                yield session, used is not None
            except BaseException:
                session.abort()
                raise
            self._keep(session)

    async def aclose(self) -> None:
        """Close the idle connections now, and those in use as soon as they are given back."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.popleft()[0].close()

    def _take_idle(self) -> SmtpSession | None:
        while self._idle:
            session, _ = self._idle.pop()  # the one used last, so that the others may grow old and be closed
            if session.usable:
                return session
        return None

    def _keep(self, session: SmtpSession) -> None:
        if self._closed:
            session.close()
            return
        if not session.usable:
            return
        self._idle.append((session, time.monotonic()))
        if self._reaper is None:
            self._plan_reaping()

    def _plan_reaping(self) -> None:
        self._reaper = asyncio.get_running_loop().call_later(self._idle_seconds, self._reap)

    def _reap(self) -> None:
        self._reaper = None
        oldest_allowed = time.monotonic() - self._idle_seconds
        while self._idle and self._idle[0][1] <= oldest_allowed:
            self._idle.popleft()[0].close()
        if self._idle:
            self._plan_reaping()

"""A few connections to one mail server, each used for many mails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateways.email.smtp_session import Server, SmtpSession
from gateways.net.idle import Idle

IDLE_SECONDS = 5.0
"""An idle connection is closed after this: mail servers drop idle ones themselves, some within ten seconds."""


class SmtpPool:
    """At most ``size`` connections at a time; whoever comes when all are busy waits."""

    def __init__(self, server: Server, size: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._server = server
        self._places = asyncio.Semaphore(size)
        self._idle: Idle[SmtpSession] = Idle(idle_seconds)

    @asynccontextmanager
    async def session(self, *, fresh: bool = False) -> AsyncIterator[tuple[SmtpSession, bool]]:
        """Lend a connection, and tell whether it has been used before.

        ``fresh`` asks for a new one, after a kept one proved dead: the others are older still and are closed, too.

        Raises ``CannotConnect``. A connection on which something went wrong is closed, not kept.
        """
        async with self._places:
            if fresh:
                self._idle.clear()
            used = self._idle.take()
            session = used or await SmtpSession.open(self._server)
            try:
                yield session, used is not None
            except BaseException:
                session.abort()
                raise
            self._idle.keep(session)

    async def aclose(self) -> None:
        """Close the idle connections now, and those in use as soon as they are given back."""
        self._idle.close()

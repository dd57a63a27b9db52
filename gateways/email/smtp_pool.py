"""A few connections to one mail server, each used for many mails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateways.email.smtp_session import CannotConnect, Server, SmtpSession
from gateways.net.idle import Idle

IDLE_SECONDS = 5.0
"""An idle connection is closed after this: mail servers drop idle ones themselves, some within ten seconds."""
PLACE_SECONDS = 75.0
"""Longest wait while all connections are busy. A message that waits longer would end as ``unknown``."""


class SmtpPool:
    """At most ``size`` connections at a time; callers wait while all are busy."""

    def __init__(self, server: Server, size: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._server = server
        self._places = asyncio.Semaphore(size)
        self._idle: Idle[SmtpSession] = Idle(idle_seconds)

    @asynccontextmanager
    async def session(self, *, fresh: bool = False) -> AsyncIterator[tuple[SmtpSession, bool]]:
        """Lend a connection, and whether it has been used before.

        ``fresh`` requests a new one, after a kept one proved dead: the others are even older and are closed, too.

        Raises ``CannotConnect``. A connection on which something went wrong is closed, not kept.
        """
        session, used = await self._take(fresh=fresh)
        try:
            yield session, used
        except BaseException:
            session.abort()
            raise
        else:
            self._idle.keep(session)
        finally:
            self._places.release()

    async def _take(self, *, fresh: bool) -> tuple[SmtpSession, bool]:
        """Take a slot and a connection, and return whether that has been used before."""
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise CannotConnect(f"none of its connections became free within {PLACE_SECONDS:g} s") from None
        try:
            if fresh:
                self._idle.clear()
            used = self._idle.take()
            return used or await SmtpSession.open(self._server), used is not None
        except BaseException:
            self._places.release()
            raise

    async def aclose(self) -> None:
        """Close the idle connections now, and those in use as soon as they are given back."""
        self._idle.close()

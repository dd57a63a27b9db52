"""The one connection of this process on which it hears what changes for devices."""

import asyncio
import random
from collections.abc import Callable

import structlog

from runtime.tasks import cancel_and_wait
from store.connection import Connection
from store.devices import pokes
from store.pool import DB_UNAVAILABLE

log = structlog.get_logger()

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two tries to connect."""


class Notices:
    """Listens from the first phone on; connects again by itself."""

    def __init__(self, database_url: str, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
        """``missed`` is called whenever it begins to listen: anything may have changed before."""
        self._url = database_url
        self._heard = heard
        self._missed = missed
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Listen, unless it does."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    async def aclose(self) -> None:
        """Listen no more."""
        if self._task is not None:
            await cancel_and_wait(self._task)

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                conn = await Connection.to(self._url, "xsender-api-devices")
                try:
                    await pokes.listen(conn)
                    pause = _FIRST_PAUSE
                    self._missed()
                    async for payload in pokes.notices(conn):
                        self._heard(payload)
                finally:
                    await conn.close()
            except DB_UNAVAILABLE as error:
                log.warning("notices about devices are not heard: connecting again", error=type(error).__name__)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(_LONGEST_PAUSE, pause * 2)

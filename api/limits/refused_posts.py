"""Counts of posts that were not accepted, written off the posts' path."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from store.pool import DB_UNAVAILABLE

log = structlog.get_logger()
For = TypeVar("For", bound=UUID | str)
"""Whom a post was for."""

WRITE_EVERY = 1.0
"""Seconds that posts are counted before they are written: nobody can make the database busy with them."""
_AT_STOP = 3.0

Noted = tuple[int, datetime, str]
"""How many, when the last one came, and why it was not accepted: a code."""


class RefusedPosts(Generic[For]):
    """Counts by whom they were for. One per kind of these and process."""

    def __init__(self, what: str, write: Callable[[Mapping[For, Noted]], Awaitable[None]]) -> None:
        """``what`` is counted, for the log; ``write`` stores it."""
        self._what = what
        self._store = write
        self._noted: dict[For, Noted] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, id_: For, why: str) -> None:
        """Count one."""
        self._add(id_, 1, datetime.now(UTC), why)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def aclose(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
        if self._noted:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AT_STOP):
                    await self._write()

    def _add(self, id_: For, count: int, at: datetime, why: str) -> None:
        before, last_at, last_why = self._noted.get(id_, (0, at, why))
        self._noted[id_] = (before + count, *max((at, why), (last_at, last_why)))

    async def _write_soon(self) -> None:
        while self._noted:
            await asyncio.sleep(WRITE_EVERY)
            await self._write()
        self._writing = None

    async def _write(self) -> None:
        noted, self._noted = self._noted, {}
        try:
            await self._store(noted)
        except DB_UNAVAILABLE as error:
            log.warning("counts wait to be written", of=self._what, error=type(error).__name__)
            for id_, one in noted.items():
                self._add(id_, *one)

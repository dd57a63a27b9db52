"""Whether a post to a hook is accepted; those that are not are counted, off the posts' path."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog
from fastapi import Request

from api.http.errors import ApiError
from domain.access.networks import address_of, is_within
from domain.automations.hooks.schemes import scheme_of
from domain.keyring import Keyring
from services.automations.hooks.verifying import why_refused
from store.automations.hooks import hooks, sealing
from store.automations.hooks.hooks import Door
from store.pool import DB_UNAVAILABLE, Pool

log = structlog.get_logger()

WRITE_EVERY = 1.0
"""Seconds that refused posts are counted before they are written: nobody can make the database busy with them."""
_AT_STOP = 3.0


class HookChecks:
    """One per process."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring
        self._noted: dict[UUID, tuple[int, datetime, str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def check_address(self, door: Door, request: Request) -> None:
        """Refuse posts from elsewhere.

        Raises:
            ApiError: 403.
        """
        if door.allowed_ips is None:
            return
        if not is_within(address_of(request.client.host if request.client else None), door.allowed_ips):
            self.note(door, "address_not_allowed")
            raise ApiError(403, "address_not_allowed", "posts to this hook may not come from your address")

    def check_signature(self, door: Door, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse posts that are not signed. The hook has why: the sender is not told.

        Raises:
            ApiError: 401.
        """
        scheme = scheme_of(door.auth)
        if scheme is None:
            return
        now = datetime.now(UTC).timestamp()
        known = [] if door.secrets is None else sealing.unseal(self._keyring, door.id, door.secrets)
        why = why_refused(scheme, sealing.valid(known, now), headers, body, now)
        if why is not None:
            self.note(door, why)
            raise ApiError(401, "hook_unauthorized", "this post is not signed as its hook demands")

    def note(self, door: Door, why: str) -> None:
        """Count a refused post."""
        self._add(door.id, 1, datetime.now(UTC), why)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    def _add(self, id_: UUID, count: int, at: datetime, why: str) -> None:
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
            await hooks.note_failures(self._pool, noted)
        except DB_UNAVAILABLE as error:
            log.warning("refused posts to hooks wait to be counted", error=type(error).__name__)
            for id_, one in noted.items():
                self._add(id_, *one)

    async def aclose(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
        if self._noted:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AT_STOP):
                    await self._write()

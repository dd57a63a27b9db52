"""Reading bodies of send requests: up to tens of megabytes, in bounded memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from api.http.bodies.body_memory import BodyMemory
from api.http.bodies.upload import Upload
from api.http.body import MAX_BODY, declared_length, too_large
from api.http.errors import ApiError
from api.limits.fair_slots import FairSlots

LARGE_BODY = 32 * 1024 * 1024
"""Bytes of the body of a send request: 100,000 contacts with a text each."""
_AT_ONCE = 3 * LARGE_BODY
"""Bytes of all large bodies that are read or parsed at the same time; at most a third of them for one account."""
_WAITING = 20
"""Large requests of one account that may wait for their upload to start."""
_PATIENCE = 60.0


class Bodies:
    """Reads bodies: those of ordinary size at once, large ones when it is their account's turn."""

    def __init__(self) -> None:
        self._memory = BodyMemory()
        self._large = FairSlots(_AT_ONCE, LARGE_BODY, waiting=_WAITING, patience=_PATIENCE, what="large requests")

    @asynccontextmanager
    async def read(self, request: Request, account_id: int) -> AsyncIterator[bytes]:
        """The body of an account's request, whose memory is counted while the context is open.

        One without a declared length counts as large once it has become so.

        Raises:
            ApiError: 413 beyond ``LARGE_BODY``; 408 it comes too slowly; 429 or 503 there is no memory for it.
        """
        length = declared_length(request)
        if length is not None and length > LARGE_BODY:
            raise _too_large()
        if length is not None and length > MAX_BODY:
            async with self._large.slots(account_id, length):
                yield await _rest(Upload(request))
            return
        with self._memory.body(account_id) as held:
            upload = Upload(request, held)
            if await upload.read(MAX_BODY):
                yield upload.whole()
                return
            async with self._large.slots(account_id, LARGE_BODY):
                upload.stop_counting()
                yield await _rest(upload)


async def _rest(upload: Upload) -> bytes:
    if not await upload.read(LARGE_BODY):
        raise _too_large()
    return upload.whole()


def _too_large() -> ApiError:
    return too_large(LARGE_BODY, "send fewer contacts per request")

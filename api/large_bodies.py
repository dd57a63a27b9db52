"""Bodies of up to tens of megabytes: few at a time, so that memory stays bounded whoever sends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from api.body import MAX_BODY, declared_length, read_body
from api.errors import ApiError

LARGE_BODY = 32 * 1024 * 1024
"""Bytes of the body of a send request: 100,000 contacts with a text each."""
AT_A_TIME = 2
_UPLOAD_SECONDS = 60.0


@asynccontextmanager
async def send_body(request: Request, room: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """The body of a send request. A large one keeps its place in ``room`` while the context is open.

    Raises:
        ApiError: 413 beyond ``LARGE_BODY``; 408 a large body that comes too slowly.
    """
    length = declared_length(request)
    if length is not None and length <= MAX_BODY:
        yield await read_body(request)
        return
    async with room:
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                raw = await read_body(request, LARGE_BODY)
        except TimeoutError:
            raise ApiError(408, "upload_too_slow", f"a body must arrive within {_UPLOAD_SECONDS:g} s") from None
        yield raw

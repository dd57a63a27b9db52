"""Files that are uploaded to be imported: stored piece by piece, so that none is ever in memory."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import Request

from api.http.bodies.multipart import boundary_of, file_in
from api.http.body import declared_length, too_large
from api.http.errors import ApiError
from api.http.state import state_of
from domain.errors import ConflictError, InvalidError
from services.audience.imports.starting import MOST_BYTES, PIECE
from store.audience.imports import files

_GRACE = 10.0
"""Seconds in which no minimum rate is required."""
_LEAST_RATE = 128 * 1024
"""Bytes per second, on average, that must have come beyond that."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that is stored."""

    id: UUID
    digest: bytes
    """Of its content."""


@asynccontextmanager
async def uploaded(request: Request, account_id: int) -> AsyncIterator[Uploaded]:
    """The body of a request, or the file in it, as a stored file, which is deleted if the request fails.

    Raises:
        ApiError: 413 it is too large; 408 it comes too slowly.
        ConflictError: the account has too many files that are being imported.
        InvalidError: it is empty, or has parts and not one file.
    """
    if (declared_length(request) or 0) > MOST_BYTES:
        raise too_large(MOST_BYTES, "split the file")
    pool, file_id = state_of(request).pool, uuid4()
    if not await files.add(pool, file_id, account_id):
        message = f"{files.MOST_FILES} files of this account are being imported: wait until one has ended"
        raise ConflictError("imports_too_many", message)
    try:
        digest, number = hashlib.sha256(), 0
        async for piece in _pieces(request):
            digest.update(piece)
            await files.add_piece(pool, file_id, number, piece)
            number += 1
        if not number:
            raise InvalidError("file_empty", "send the file as the body of the request, or in a form")
        yield Uploaded(file_id, digest.digest())
    except BaseException:
        await asyncio.shield(files.delete(pool, file_id))
        raise


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held, length = bytearray(), 0
    loop = asyncio.get_running_loop()
    begun = loop.time()
    chunks: AsyncIterator[bytes] = request.stream()
    if boundary := boundary_of(request.headers.get("content-type", "")):
        chunks = file_in(_without_end(chunks), boundary)
    while True:
        try:
            async with asyncio.timeout_at(begun + _GRACE + length / _LEAST_RATE):
                chunk = await anext(chunks, None)
        except TimeoutError:
            rule = f"after {_GRACE:g} s at least {_LEAST_RATE // 1024} KiB/s"
            raise ApiError(408, "upload_too_slow", f"the file comes too slowly: {rule}") from None
        if chunk is None:
            break
        length += len(chunk)
        if length > MOST_BYTES:
            raise too_large(MOST_BYTES, "split the file")
        held += chunk
        for piece in _whole(held):
            waited = loop.time()
            yield piece
            begun += loop.time() - waited  # the time that storing takes is not the sender's
    if held:
        yield bytes(held)


async def _without_end(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks that have something in them: an empty one ends a body."""
    async for chunk in chunks:
        if chunk:
            yield chunk


def _whole(held: bytearray) -> Iterator[bytes]:
    """Take whole pieces from what was received."""
    while len(held) >= PIECE:
        piece = bytes(held[:PIECE])
        del held[:PIECE]
        yield piece

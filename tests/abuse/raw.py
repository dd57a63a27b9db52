"""Peers of a bare socket, which cost the attacker little."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


@asynccontextmanager
async def connected(
    url: str, source: str = "127.0.0.1", limit: int = 65536
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the API, reset at the end."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, local_addr=(source, 0), limit=limit)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def pour(url: str, start: bytes, endless: bytes, source: str = "127.0.0.1") -> None:
    """Begin a request and go on for ever, as fast as it is taken, until the server closes."""
    with suppress(*GONE):
        async with connected(url, source) as (_, writer):
            writer.write(start)
            while not writer.is_closing():
                writer.write(endless)
                await writer.drain()


async def dribble(url: str, start: bytes, part: bytes, every: float, source: str = "127.0.0.1") -> None:
    """Begin a request and go on slowly until the server closes."""
    with suppress(*GONE):
        async with connected(url, source) as (reader, writer):
            writer.write(start)
            closed = asyncio.ensure_future(reader.read())
            while not closed.done():
                await asyncio.wait([closed], timeout=every)
                writer.write(part)


async def exchange(url: str, request: bytes, source: str = "127.0.0.1") -> bytes:
    """Send a request and wait for the answer's header; empty if there is none."""
    with suppress(*GONE):
        async with connected(url, source) as (reader, writer), asyncio.timeout(10):
            writer.write(request)
            return await reader.readuntil(b"\r\n\r\n")
    return b""

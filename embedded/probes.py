"""Probes of local servers, without an HTTP client library."""

import asyncio
from contextlib import suppress

_TIMEOUT = 2.0


async def accepts(host: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    await _close(writer)
    return True


async def http_get(host: str, port: int, path: str) -> tuple[int, str] | None:
    """Status and body of a GET over plain HTTP; ``None`` when no answer comes within two seconds."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                await _close(writer)
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].isdigit():
        return None
    return int(status[0]), body.decode(errors="replace")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()

"""A small HTTP server over a real socket that answers whatever is wanted, however wrong."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateways.conformance.listening import listening

Reply = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeServer:
    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    ended: int = 0
    """Connections that are no more, closed by the client or by the reply."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serve(reply: Reply | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeServer]:
    """Serve on a free loopback port. Bytes are written as they are to each request."""
    fake = FakeServer(0)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fake.connections += 1
        try:
            while (request := await _read(reader)) is not None and not writer.is_closing():
                fake.requests.append(request)
                if isinstance(reply, bytes):
                    writer.write(reply)
                else:
                    await reply(request, writer)
        finally:
            fake.ended += 1

    async with listening(talk, tls) as fake.port:
        yield fake


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Compose an answer; header names with ``_`` for ``-``."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def disconnect(request: Request, writer: asyncio.StreamWriter) -> None:
    """Close politely, without an answer."""
    writer.close()


def then_close(data: bytes) -> Reply:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return reply


async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    method, target, _ = first.split(" ")
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))

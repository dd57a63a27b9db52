"""Temporal's web UI on one machine, accessible only under this machine's own name.

The UI has no login and does not check the Host of a request, so a web page whose name resolves to here could use
it (DNS rebinding). It therefore listens on a random address of the loopback network, and users reach
it through a port of 127.0.0.1 that refuses requests for other hosts.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_HEAD = 32_768
"""Bytes of a request's headers at most."""
_HEAD_SECONDS = 10.0
_CHUNK = 65_536
_WRONG_HOST = b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_AWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _hidden_host() -> str:
    return ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])


@dataclass(frozen=True)
class WebUi:
    """The web UI of an install."""

    port: int
    """Where people reach it, on 127.0.0.1."""
    own_port: int
    """Where the Temporal server serves it, on ``own_host``."""
    own_host: str = field(default_factory=_hidden_host)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def reachable(self) -> AsyncIterator[None]:
        """Pass requests on while the context is open."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_HEAD) as server:
            try:
                yield
            finally:
                server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_HEAD_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                if is_for(head, self.port):
                    await self._pass_on(head, reader, writer)
                else:
                    writer.write(_WRONG_HOST)
        finally:
            await _close(writer)

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer: the next request comes on a new connection, and is checked, too."""
        try:
            answer, request = await asyncio.open_connection(self.own_host, self.own_port)
        except OSError:
            writer.write(_AWAY)
            return
        sending = asyncio.create_task(_copy(reader, request))
        try:
            request.write(only_one(head))
            await _copy(answer, writer)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await _close(request)


def is_for(head: bytes, port: int) -> bool:
    """Whether a request names this machine as its host, once."""
    hosts = [value.strip() for name, value in _fields(head) if name.strip().lower() == b"host"]
    return hosts in ([b"127.0.0.1:%d" % port], [b"localhost:%d" % port])


def only_one(head: bytes) -> bytes:
    """The request's head, with ``Connection: close``."""
    first, *_ = head.split(b"\r\n", 1)
    kept = [b"%s:%s" % field for field in _fields(head) if field[0].lower() not in (b"connection", b"keep-alive")]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = head.split(b"\r\n")[1:-2]
    return [(name, value) for name, _, value in (line.partition(b":") for line in lines)]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()

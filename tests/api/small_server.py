"""A small application behind the API's HTTP protocol, in a thread with an event loop like the API's, and raw peers."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn

from api.limits.connections import ConnectionLimits, Connections
from api.limits.protocol import LimitedHttp
from tests.stack import free_socket


class App:
    """Says how many bytes a body had; ``/early`` answers before the body, ``/hold`` once released, ``/large`` much."""

    LARGE = b"x" * 4_000_000

    def __init__(self) -> None:
        self.released = threading.Event()
        self.seen: list[list[tuple[bytes, bytes]]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.seen.append(scope["headers"])
        length, more = 0, scope["path"] not in ("/early", "/large")
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            length, more = length + len(event["body"]), event["more_body"]
        while scope["path"] == "/hold" and not self.released.is_set():
            await asyncio.sleep(0.01)
        body = self.LARGE if scope["path"] == "/large" else b"%d\n" % length
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


class Peer:
    """One socket to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> bytes:
        """Send a request and read its whole answer, of which the body is one line; empty if it is closed instead."""
        try:
            self.writer.write(request)
            return await self.answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def answer(self) -> bytes:
        """The next answer that has its length."""
        async with asyncio.timeout(5):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head + await self.reader.readexactly(length)

    async def pour(self, part: bytes, most: int = 64 * 2**20) -> tuple[bytes, int]:
        """Send the same again and again until the server has enough; what it said, and the bytes it let through."""
        sent = 0
        reading = asyncio.create_task(self.rest())
        try:
            while not reading.done() and sent < most:
                self.writer.write(part)
                sent += len(part)
                await asyncio.wait([asyncio.ensure_future(self.writer.drain()), reading], return_when="FIRST_COMPLETED")
        except ConnectionError:
            pass
        return await reading, sent

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        found = b""
        async with asyncio.timeout(5):
            try:
                while part := await self.reader.read(65536):
                    found += part
            except ConnectionError:
                pass
        return found


class SmallServer:
    """Where the application listens."""

    def __init__(self, app: App, port: int, connections: Connections) -> None:
        self.app, self.port, self.connections = app, port, connections
        self._peers: list[Peer] = []

    async def peer(self, source: str = "127.0.0.1") -> Peer:
        """A new connection from this address."""
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0)))
        self._peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self._peers:
            peer.writer.transport.abort()


@asynccontextmanager
async def small_server(limits: ConnectionLimits, proxies: tuple[str, ...] = ()) -> AsyncIterator[SmallServer]:
    """Run it."""
    app, connections, listener = App(), Connections(limits, proxies.__contains__), free_socket()
    http: Any = partial(LimitedHttp, connections=connections)
    config = uvicorn.Config(app, http=http, ws="none", loop="uvloop", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        await asyncio.sleep(0.005)
    running = SmallServer(app, listener.getsockname()[1], connections)
    try:
        yield running
    finally:
        app.released.set()
        running.close()
        server.should_exit = True
        await asyncio.to_thread(thread.join)


async def eventually(condition: Any, seconds: float = 5.0) -> None:
    """Wait until it holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came about"
        await asyncio.sleep(0.01)

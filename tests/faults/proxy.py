"""A TCP proxy on the loopback that can do to a connection what networks do: be silent, slow, refuse, cut.

    async with running_proxy("127.0.0.1", 5432) as proxy:
        ... connect to 127.0.0.1:proxy.port ...
        proxy.silence_old()   # as a firewall that forgot its connections: nothing comes through, nobody is told
        proxy.resume()        # new connections pass; silenced ones stay silent, for bytes of theirs are lost

The proxy itself goes on accepting and acknowledging bytes, so the kernels at both ends believe that all is well. Only
where one end has closed does the other one hear of it, after as long as its keepalives would have taken.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 65536
_KEEPALIVE = 60.0
"""Seconds until the kernel of an end notices that the other one is gone (``store/connection.py``: 30, then 3 x 10)."""
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class _Link:
    """One connection: a client's half and a server's."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, *, silent: bool) -> None:
        self.halves = (client, server)
        self.silent = silent
        self.to_client: int | None = None
        """Bytes that may still go to the client before the connection is reset; ``None``: any number."""

    def reset(self) -> None:
        """Close both halves at once, with a reset."""
        for half in self.halves:
            _reset(half)


class Proxy:
    """Passes bytes between clients and one server. Every method takes effect at once."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        """The port to connect to, on 127.0.0.1."""
        self._server = (host, port)
        self._links: set[_Link] = set()
        self._silences_new = False
        self._refuses = False
        self._delay = 0.0
        self._flows = asyncio.Event()
        self._flows.set()

    def silence_old(self) -> None:
        """Swallow whatever comes on the connections there are, for good; new ones pass."""
        for link in self._links:
            link.silent = True

    def silence_all(self) -> None:
        """Swallow whatever comes, on new connections too, until ``resume``."""
        self.silence_old()
        self._silences_new = True

    def hold(self) -> None:
        """Let nothing through until ``resume``, which then delivers it: a network that is away for a while."""
        self._flows.clear()

    def refuse(self) -> None:
        """Reset new connections as soon as they are made, until ``resume``."""
        self._refuses = True

    def delay(self, seconds: float) -> None:
        """Pass each chunk of bytes so much later, until ``resume``."""
        self._delay = seconds

    def cut(self, after: int = 0) -> None:
        """Reset each connection there is; with ``after``, in the middle of its next answer: so many bytes into it."""
        for link in list(self._links):
            if after:
                link.to_client = after
            else:
                link.reset()

    def resume(self) -> None:
        """Pass everything again, except on connections that were silenced."""
        self._silences_new = self._refuses = False
        self._delay = 0.0
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle a client's connection until it ends."""
        if self._refuses:
            _reset(writer)
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._server)
        except OSError:
            _reset(writer)
            return
        link = _Link(writer, server_writer, silent=self._silences_new)
        self._links.add(link)
        try:
            await asyncio.gather(self._pass(link, reader, server_writer), self._pass(link, server_reader, writer))
        except OSError:  # one end is gone without a word: so is the other
            link.reset()
        finally:
            self._links.discard(link)
            for half in link.halves:
                half.close()

    async def _pass(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await asyncio.sleep(self._delay)
            await self._flows.wait()
            if link.silent:
                continue
            if link.to_client is not None and writer is link.halves[0]:
                writer.write(data[: link.to_client])
                link.to_client -= len(data)
                if link.to_client <= 0:
                    link.reset()
                    return
            else:
                writer.write(data)
            await writer.drain()
        await self._flows.wait()
        if link.silent:  # that an end has closed is not told to the other one either: its own keepalives find out
            await asyncio.sleep(_KEEPALIVE)
            link.reset()
            return
        with suppress(OSError):
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    if (sock := writer.get_extra_info("socket")) is not None:  # uvloop has none of a connection that was reset
        with suppress(OSError):  # it may be closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@asynccontextmanager
async def running_proxy(host: str, port: int) -> AsyncIterator[Proxy]:
    """A proxy for the server at ``host`` and ``port``; it closes what it holds at the end."""
    proxy = Proxy(host, port)
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)
        task.add_done_callback(lambda _: writer.close())  # also of one that was cancelled before it began

    listener = socket.socket(proto=socket.IPPROTO_TCP)  # named, so that asyncio turns Nagle's algorithm off
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(accept, sock=listener)
    proxy.port = listener.getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

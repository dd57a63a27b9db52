"""The connections to one web server."""

import asyncio
import ssl
from typing import NamedTuple

from gateways.net.addresses import SocketFactory
from gateways.net.dial import Name, connect
from gateways.net.http_connection import Connection
from gateways.net.idle import Idle

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the 5 s after which Apache, Node and uvicorn drop theirs, so that a
request is seldom written into a connection which the server is just closing."""
CONNECTIONS = 256
"""One slow host must not use up the connections of all others."""


class Origin(NamedTuple):
    """Whom to connect to (RFC 6454 §4)."""

    host: str
    port: int
    tls: bool


class Host:
    """Connections to one origin, reused; ``places`` are those of all hosts together."""

    def __init__(
        self, origin: Origin, make_socket: SocketFactory, tls: ssl.SSLContext, places: asyncio.Semaphore
    ) -> None:
        self._origin = origin
        self._make_socket = make_socket
        self._tls = tls if origin.tls else None
        self._own_places = asyncio.Semaphore(CONNECTIONS)
        self._places = places
        self._idle: Idle[Connection] = Idle(KEEP_ALIVE)
        self._name = Name(origin.host, origin.port)

    async def take(self, seconds: float) -> Connection:
        """Lend a connection, to be given back whatever happens.

        Raises ``TimeoutError`` when none came about in time, and ``OSError``. Nothing was sent then.
        """
        if not self._own_places.locked() and not self._places.locked() and (kept := self._idle.take()):
            await self._enter()  # does not wait, so it needs no timer
            return kept
        async with asyncio.timeout(seconds):
            await self._enter()
            try:
                return self._idle.take() or await self._open()
            except BaseException:
                self._leave()
                raise

    def give_back(self, connection: Connection) -> None:
        """Keep the connection for the next one, unless its last answer did not come to an end."""
        self._leave()
        self._idle.keep(connection)

    def close(self) -> None:
        """Close the idle connections now, and those in use as soon as they are given back."""
        self._idle.close()

    async def _enter(self) -> None:
        await self._own_places.acquire()
        try:
            await self._places.acquire()
        except BaseException:
            self._own_places.release()
            raise

    def _leave(self) -> None:
        self._own_places.release()
        self._places.release()

    async def _open(self) -> Connection:
        sock = await connect(await self._name.addresses(), self._make_socket)
        name = self._origin.host.removesuffix(".") if self._tls else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, sock=sock, ssl=self._tls, server_hostname=name)
        if not connection.usable:
            raise ConnectionResetError("the server closed the connection at once")
        return connection

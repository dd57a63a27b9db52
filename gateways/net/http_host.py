"""The connections to one web server."""

import asyncio
import errno
import ssl
from typing import NamedTuple

from gateways.net.addresses import SocketFactory
from gateways.net.dial import Dialer
from gateways.net.http_connection import Connection
from gateways.net.idle import Idle
from gateways.net.owner_slots import give_back, take

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the 5 s after which Apache, Node and uvicorn drop theirs, so that a
request is seldom written into a connection which the server is just closing."""
CONNECTIONS = 384
"""One slow host must not use up the connections of all others, nor one owner those of a host that others need, too."""


class Origin(NamedTuple):
    """Whom to connect to (RFC 6454 §4)."""

    host: str
    port: int
    tls: bool


class Host:
    """Connections to one origin, reused; ``slots`` are those of all hosts together."""

    def __init__(
        self, origin: Origin, make_socket: SocketFactory, tls: ssl.SSLContext, slots: asyncio.Semaphore
    ) -> None:
        self._origin = origin
        self._make_socket = make_socket
        self._tls = tls if origin.tls else None
        self._own_slots = asyncio.Semaphore(CONNECTIONS)
        self._slots = slots
        self._idle: Idle[Connection] = Idle(KEEP_ALIVE)

    async def take(self, seconds: float, owners_slots: asyncio.Semaphore, dialer: Dialer) -> Connection:
        """Lend a connection to the owner of these, to be given back whatever happens.

        Raises ``TimeoutError`` when none came about in time, and ``OSError``. Nothing was sent then.
        """
        slots = (owners_slots, self._own_slots, self._slots)
        if not any(each.locked() for each in slots) and (kept := self._idle.take()):
            await take(*slots)  # does not wait, so it needs no timer
            return kept
        async with asyncio.timeout(seconds):
            await take(*slots)
            try:
                return self._idle.take() or await self._open(dialer)
            except BaseException:
                give_back(*slots)
                raise

    def give_back(self, connection: Connection, owners_slots: asyncio.Semaphore) -> None:
        """Keep the connection for the next one, unless its last answer did not come to an end."""
        give_back(owners_slots, self._own_slots, self._slots)
        self._idle.keep(connection)

    def close(self) -> None:
        """Close the idle connections now, and those in use as soon as they are given back."""
        self._idle.close()

    async def _open(self, dialer: Dialer) -> Connection:
        sock = await dialer.dial(self._origin.host, self._origin.port, self._make_socket)
        name = self._origin.host.removesuffix(".") if self._tls else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, sock=sock, ssl=self._tls, server_hostname=name)
        if not connection.usable:
            raise ConnectionResetError(errno.ECONNRESET, "the server closed the connection at once")
        return connection

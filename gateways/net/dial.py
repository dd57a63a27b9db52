"""Connecting a plain socket under the address rules of gateways."""

import asyncio
import socket
from collections.abc import Sequence

from aiohappyeyeballs import start_connection

from gateways.net.addresses import AddressInfo, SocketFactory

HEAD_START = 0.25
"""Seconds that an address gets before the next one is tried as well (RFC 8305 §8)."""
NAME_SECONDS = 10.0
"""How long a name's addresses are good for. A server that closes after each answer costs a look-up no more often."""


async def dial(host: str, port: int, make_socket: SocketFactory) -> socket.socket:
    """Connect to the first address of ``host`` that answers. Raises ``OSError``, as ``look_up`` and ``connect`` do."""
    return await connect(await look_up(host, port), make_socket)


async def look_up(host: str, port: int) -> Sequence[AddressInfo]:
    """Return the addresses of a name. Raises ``OSError``, also for names that DNS cannot hold."""
    try:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name of a host") from error


async def connect(addresses: Sequence[AddressInfo], make_socket: SocketFactory) -> socket.socket:
    """Connect to the first of the addresses that answers, trying both families of them.

    Raises ``OSError`` (``BlockedAddress`` among them) with the reasons of all.
    """
    return await start_connection(addresses, happy_eyeballs_delay=HEAD_START, socket_factory=make_socket)


class Name:
    """A host's addresses, looked up once for all who wait for them: the threads that do it are few.

    What failed is tried again by the next one who asks.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._look_up: asyncio.Task[Sequence[AddressInfo]] | None = None
        self._since = 0.0

    async def addresses(self) -> Sequence[AddressInfo]:
        """Return what ``look_up`` does, and raise as it does."""
        now = asyncio.get_running_loop().time()
        if self._look_up is None or (self._look_up.done() and self._is_old(self._look_up, now)):
            self._look_up = asyncio.create_task(look_up(self._host, self._port))
            self._since = now
        return await asyncio.shield(self._look_up)

    def _is_old(self, done: asyncio.Task[Sequence[AddressInfo]], now: float) -> bool:
        return done.cancelled() or done.exception() is not None or now > self._since + NAME_SECONDS

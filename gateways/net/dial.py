"""Connecting a plain socket under the address rules of gateways."""

import socket
from collections.abc import Sequence

from aiohappyeyeballs import start_connection

from gateways.net.addresses import AddressInfo, BlockedAddress, SocketFactory
from gateways.net.names import Names

HEAD_START = 0.25
"""Seconds that an address gets before the next one is tried as well (RFC 8305 §8)."""


class Dialer:
    """Connects for one owner, whose silent names leave those of others alone."""

    def __init__(self, names: Names | None = None, owner: str = "") -> None:
        self._names = names or Names()
        self._owner = owner

    def of(self, owner: str) -> "Dialer":
        """The same for another owner."""
        return Dialer(self._names, owner)

    async def dial(self, host: str, port: int, make_socket: SocketFactory) -> socket.socket:
        """Connect to the first address of ``host`` that answers.

        Raises ``OSError``, ``UnresolvedName`` and ``BlockedAddress`` among them.
        """
        return await _connect(await self._names.addresses(host, port, self._owner), make_socket)


async def _connect(addresses: Sequence[AddressInfo], make_socket: SocketFactory) -> socket.socket:
    """Connect to the first of the addresses that answers, trying both families of them."""
    blocked: list[BlockedAddress] = []

    def noting(info: AddressInfo) -> socket.socket:
        try:
            return make_socket(info)
        except BlockedAddress as error:
            blocked.append(error)
            raise

    try:
        return await start_connection(addresses, happy_eyeballs_delay=HEAD_START, socket_factory=noting)
    except OSError:
        if len(blocked) == len(addresses):
            raise blocked[0] from None
        raise

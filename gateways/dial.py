"""Connecting a plain socket under the same address rules as HTTP."""

import asyncio
import socket

from gateways.addresses import AddressInfo, SocketFactory


async def dial(host: str, port: int, make_socket: SocketFactory) -> socket.socket:
    """Connect to the first address of ``host`` that answers.

    Raises ``OSError`` (``BlockedAddress`` and ``socket.gaierror`` among them) with the reason of the last address.
    """
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for info in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return await _connect(loop, info, make_socket)
        except OSError as error:
            failure = error
    raise failure


async def _connect(loop: asyncio.AbstractEventLoop, info: AddressInfo, make_socket: SocketFactory) -> socket.socket:
    connection = make_socket(info)
    try:
        connection.setblocking(False)
        await loop.sock_connect(connection, info[4])
    except BaseException:
        connection.close()
        raise
    return connection

"""The connections of this process: their number, which one is closed for a new one, and time-outs.

There are no timers for single connections or requests: one sweep a second checks all of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

import structlog

log = structlog.get_logger()

MOST_CONNECTIONS = 4096
"""At most, with any number of descriptors: with the longest header each, they take some 130 MiB."""
MOST_BACKLOG = 2048
"""Connections that wait in the kernel until this process accepts them."""
MOST_REFUSED = 64
"""Connections beyond the limit that get an error response at a time; others are closed without one."""
_OWN_DESCRIPTORS = 128
"""Reserved for connections to the database, to Temporal and to providers, pipes of child processes, and files."""
_FEWEST = 16
_SWEEP_SECONDS = 1.0
_PREFIX_OF_IPV6 = 64
"""Bits: who has one IPv6 address usually has the whole network."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections this process accepts."""

    connections: int
    per_address: int
    backlog: int

    @classmethod
    def within(cls, descriptors: int) -> "ConnectionLimits":
        """What fits under a limit of descriptors.

        The kernel hands over the whole backlog before any of it can be closed: so that must fit too.
        """
        room = max(descriptors - _OWN_DESCRIPTORS - MOST_REFUSED, _FEWEST)
        backlog = min(MOST_BACKLOG, room // 6)
        connections = min(MOST_CONNECTIONS, room - backlog)
        return cls(connections, max(connections // 2, 1), backlog)


class Connection(Protocol):
    """The interface of a connection."""

    address: str
    """The address whose share it counts against (``Connections.address_of``)."""

    def check(self, now: float) -> None:
        """Act if a deadline has passed."""

    def make_room(self) -> None:
        """Close, to make room for a new one; no request is in progress."""


class Connections:
    """All connections of this process, shared by them.

    One without a request in progress is idle, whether it waits for a header or for the rest of an answered body.
    Idle ones are closed for new ones: first the longest idle one of the address that holds the most. So a client that
    opens many connections without using them loses them, while a used one is never the longest idle.
    """

    def __init__(self, limits: ConnectionLimits, is_proxy: Callable[[str], bool]) -> None:
        """Proxies have no share per address: they carry the connections of many clients."""
        self._limits = limits
        self._is_proxy = is_proxy
        self._all: set[Connection] = set()
        self._held: dict[str, int] = {}
        self._idle: dict[str, dict[Connection, None]] = {}
        self._count = 0
        self._sweeping = False
        self._turned_away = 0

    def __len__(self) -> int:
        """How many count against the limit."""
        return self._count

    def address_of(self, host: str) -> str:
        """The address whose share a connection from ``host`` counts against."""
        return host if self._is_proxy(host) else network_of(host)

    def add(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Add a new connection, idle at first. ``False``: the limit is reached; it is tracked until ``remove``."""
        self._all.add(connection)
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)
        address = connection.address
        if not self._is_proxy(address) and self._held.get(address, 0) >= self._limits.per_address:
            there_is_room = self._make_room(address)
        else:
            there_is_room = self._count < self._limits.connections or self._make_room(self._most_crowded())
        if not there_is_room:
            self._turned_away += 1
            return False
        self._count += 1
        self._held[address] = self._held.get(address, 0) + 1
        self._idle.setdefault(address, {})[connection] = None
        return True

    def may_send_refusal(self) -> bool:
        """Whether a refused one may get an error response: few may at a time."""
        return len(self._all) - self._count <= MOST_REFUSED

    def busy(self, connection: Connection) -> None:
        """A request is in progress: the connection must not be closed for a new one."""
        if idle := self._idle.get(connection.address):
            idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """No request is in progress any more."""
        if (idle := self._idle.get(connection.address)) is not None:
            idle[connection] = None

    def leave(self, connection: Connection) -> None:
        """It is about to close, and no longer counts."""
        address = connection.address
        self._count -= 1
        self._idle[address].pop(connection, None)
        if self._held[address] == 1:
            del self._held[address], self._idle[address]
        else:
            self._held[address] -= 1

    def remove(self, connection: Connection) -> None:
        """It is closed."""
        self._all.discard(connection)

    def _most_crowded(self) -> str:
        return max((address for address, idle in self._idle.items() if idle), key=self._held.__getitem__, default="")

    def _make_room(self, address: str) -> bool:
        longest = next(iter(self._idle.get(address, ())), None)
        if longest is None:
            return False
        longest.make_room()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._all):
            connection.check(now)
        if self._turned_away:
            log.warning("connections were refused: all are in use", count=self._turned_away, open=self._count)
            self._turned_away = 0
        self._sweeping = bool(self._all)
        if self._sweeping:
            loop.call_later(_SWEEP_SECONDS, self._sweep, loop)


def network_of(host: str) -> str:
    """The addresses of one client: an IPv4 address, or the network of an IPv6 one."""
    if ":" not in host:
        return host
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> _PREFIX_OF_IPV6 << _PREFIX_OF_IPV6))
    return str(address)

"""Which network addresses a gateway may connect to.

The rule is applied to the address really connected to, not to the name in the URL: names change between the check
and the use (DNS rebinding), and one address has many spellings.
"""

import socket
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""An entry of ``getaddrinfo``."""
SocketFactory = Callable[[AddressInfo], socket.socket]

HTTP_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8081, 8443, 8888, 9443})
"""Where web services live. Others stay shut so that nobody makes us talk to a stranger's mail or database port."""
SMTP_PORTS = frozenset({25, 465, 587, 2525})
"""Relay, submission over TLS, submission (RFC 8314 §3.3), and the usual way around a blocked 25."""
SMPP_PORTS = range(1024, 65536)
"""SMSCs are anywhere, 2775 being only where the standard puts them; what everybody runs lives below."""

_REMEDY = "an admin may allow private networks for this gateway"

_RELAY_ANYCAST = IPv4Network("192.88.99.0/24")  # 6to4 relays, deprecated by RFC 7526; Python 3.11 calls it global
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has opened for use on the Internet
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637, later than Python 3.11
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


class BlockedAddress(OSError):  # noqa: N818 - the name says what happened
    """The connection was refused by our own rule before anything was sent."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is on the public Internet, looking through the IPv6 forms that carry an IPv4 address."""
    if isinstance(address, IPv6Address):
        carried = _carried_ipv4(address)
        if carried is None:
            return address.is_global and address in _GLOBAL_UNICAST and address not in _DOCUMENTATION
        address = carried
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _RELAY_ANYCAST


def _carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a connection to ``address`` ends at: mapped, NAT64 (RFC 6052) or 6to4 (RFC 3056)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def public_only(ports: Collection[int]) -> SocketFactory:
    """Make a socket factory that lets through only public addresses at one of ``ports``."""

    def make_socket(info: AddressInfo) -> socket.socket:
        address, port = _endpoint(info)
        if not is_public(address):
            raise BlockedAddress(f"{address} is not a public address; {_REMEDY}")
        if port not in ports:
            raise BlockedAddress(f"port {port} is not open to gateways; {_REMEDY}")
        return _socket(info)

    return make_socket


def private_too(info: AddressInfo) -> socket.socket:
    """Make a socket for any host an admin may mean. Link-local stays shut: that is where clouds keep credentials."""
    address, _ = _endpoint(info)
    plain = address if isinstance(address, IPv4Address) else _carried_ipv4(address) or address
    if plain.is_link_local or plain.is_multicast:
        raise BlockedAddress(f"{address} is a link-local or multicast address")
    return _socket(info)


def _endpoint(info: AddressInfo) -> tuple[IPv4Address | IPv6Address, int]:
    host, port = info[4][:2]
    if not isinstance(host, str) or not isinstance(port, int):
        raise BlockedAddress("not an Internet address")
    return ip_address(host.partition("%")[0]), port  # a zone ("%eth0") is no part of the address


def _socket(info: AddressInfo) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])

"""Which network addresses a gateway may connect to.

The rule is applied to the address really connected to, not to the name in the URL: names change between the check
and the use (DNS rebinding), and one address has many spellings.
"""

import socket
from collections.abc import Callable, Collection, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import structlog

log = structlog.get_logger()

AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""An entry of ``getaddrinfo``."""
SocketFactory = Callable[[AddressInfo], socket.socket]

HTTP_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8081, 8443, 8888, 9443})
"""Ports of web services. Others are blocked, so that tenants cannot make us connect to mail or database ports."""
SMTP_PORTS = frozenset({25, 465, 587, 2525})
"""Relay, submission over TLS, submission (RFC 8314 §3.3), and the usual way around a blocked 25."""
SMPP_PORTS = range(1024, 65536)
"""SMSCs are anywhere, 2775 being only where the standard puts them; what everybody runs lives below."""

_REMEDY = "an admin may allow private networks"

_NEVER_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "169.254.0.0/16",  # link-local: nearly every cloud's metadata, and the credentials of containers
            "224.0.0.0/4",
            "100.100.100.200/32",  # Alibaba Cloud's metadata
            "168.63.129.16/32",  # Azure's host, though the address is a public one
            "192.0.0.192/32",  # Oracle Cloud's metadata, classic
        ),
    )
)
_NEVER_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "fe80::/10",
            "ff00::/8",
            "fd00:ec2::/32",  # what AWS serves to its machines: metadata, credentials of containers
            "fd20:ce::254/128",  # Google Cloud's metadata
            "fd00:a9fe:a9fe::/48",  # Akamai's (Linode)
            "fd00:42::42/128",  # Scaleway's
        ),
    )
)
"""Where clouds keep credentials, and what is for everybody on a wire. Nobody may allow that."""

_RELAY_ANYCAST = IPv4Network("192.88.99.0/24")  # 6to4 relays, deprecated by RFC 7526; Python 3.11 calls it global
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has opened for use on the Internet
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637, later than Python 3.11
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_PLAIN_TAILS = (
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291 §2.5.5.1
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated, RFC 2765
    _NAT64,
)
"""Whose last 32 bits are an IPv4 address."""


class BlockedAddress(OSError):
    """The connection was refused by our own rule before anything was sent."""


def is_never_allowed(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is link-local, multicast or a cloud's metadata, in whatever form it is written."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _NEVER_IPV4)
    if any(address in network for network in _NEVER_IPV6):
        return True
    return any(carried in network for carried in _perhaps_carried(address) for network in _NEVER_IPV4)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is on the public Internet, looking through the IPv6 forms that carry an IPv4 address."""
    if is_never_allowed(address):
        return False
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


def _perhaps_carried(address: IPv6Address) -> Iterator[IPv4Address]:
    """All IPv4 addresses at which a connection may end, whatever translates it on its way."""
    bits = int(address)
    if any(address in network for network in _PLAIN_TAILS) or bits >> 32 & 0xFCFF_FFFF == 0x5EFE:  # ISATAP, RFC 5214
        yield IPv4Address(bits & 0xFFFF_FFFF)
    if address in _LOCAL_NAT64:
        yield from (IPv4Address(_without_bits_64_to_71(bits, length)) for length in (48, 56, 64, 96))
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:  # RFC 4380: the server's and the client's
        yield from address.teredo


def _without_bits_64_to_71(bits: int, prefix: int) -> int:
    """The 32 bits that follow a prefix; those from 64 to 71 are skipped (RFC 6052 §2.2)."""
    if prefix < 96:
        high, low = bits >> 64, bits & (1 << 56) - 1
        bits, prefix = high << 56 | low, prefix + 8
    return bits >> 96 - prefix & 0xFFFF_FFFF


def public_only(ports: Collection[int]) -> SocketFactory:
    """Make a socket factory that lets through only public addresses at one of ``ports``."""

    def make_socket(info: AddressInfo) -> socket.socket:
        address, port = _endpoint(info)
        if not is_public(address):
            raise _blocked(address, f"it is not a public address; {_REMEDY}")
        if port not in ports:
            raise BlockedAddress(f"port {port} is not open to gateways; {_REMEDY}")
        return _socket(info)

    return make_socket


def private_too(info: AddressInfo) -> socket.socket:
    """Make a socket for any host an admin may mean. What ``is_never_allowed`` stays shut."""
    address, _ = _endpoint(info)
    if is_never_allowed(address):
        raise _blocked(address, "it is a link-local address, or one where a cloud keeps credentials")
    return _socket(info)


def _blocked(address: IPv4Address | IPv6Address, why: str) -> BlockedAddress:
    """The address itself is for the operator's log: behind a name it may be one that only we can see."""
    log.info("a connection was not allowed", address=str(address), reason=why)
    return BlockedAddress(f"the address is not allowed: {why}")


def _endpoint(info: AddressInfo) -> tuple[IPv4Address | IPv6Address, int]:
    host, port = info[4][:2]
    if not isinstance(host, str) or not isinstance(port, int):
        raise BlockedAddress("not an Internet address")
    return ip_address(host.partition("%")[0]), port  # a zone ("%eth0") is no part of the address


def _socket(info: AddressInfo) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])

"""Lists of addresses: from where something may be used."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def address_of(host: str | None) -> Address | None:
    """The address of a client; an IPv4 one inside IPv6 as itself. ``None``: a proxy passed on something else."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of these networks."""
    return address is not None and any(address in network for network in networks)


def network(text: str) -> Network:
    """An address or a network, as it is written everywhere: ``203.0.113.7``, ``10.0.0.0/8``.

    Raises:
        ValueError: it is neither.
    """
    return ip_network(text)


@lru_cache(maxsize=64)
def parsed(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks that were checked before."""
    return tuple(map(network, texts))


def may_come(host: str | None, allow: Iterable[str], deny: Iterable[str]) -> bool:
    """Whether a client's address is allowed (an empty list allows all), and not denied."""
    address, allowed = address_of(host), parsed(tuple(allow))
    return (not allowed or is_within(address, allowed)) and not is_within(address, parsed(tuple(deny)))

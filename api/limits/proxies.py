"""Which proxies the API trusts to report the address of a client (``FORWARDED_ALLOW_IPS``)."""

from ipaddress import IPv6Network, ip_network

VARIABLE = "FORWARDED_ALLOW_IPS"

_SHORTEST_PREFIX = {4: 8, 6: 32}
"""Larger networks contain untrusted addresses: a trusted one can claim any address, and bypass keys' address lists."""
_IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")
_IPV4_BITS = 96
"""Where the IPv4 address begins in it."""


def check_proxies(value: str) -> None:
    """Refuse to start if untrusted addresses would be trusted, or if a network is mistyped.

    Raises:
        SystemExit: with what to write instead.
    """
    for entry in value.split(","):
        if wrong := _problem(entry.strip()):
            raise SystemExit(f"{VARIABLE}: {wrong}. Name the addresses of your proxies, such as 10.0.0.7,10.0.1.0/24")


def _problem(entry: str) -> str | None:
    if "*" in entry:
        return "with * anybody could claim any address and pass the address lists of keys"
    if "/" not in entry:
        return None
    try:
        network = ip_network(entry)
    except ValueError as error:  # the server would treat it as a name that no address equals
        return f"{entry} is no network: {error}"
    shortest = _SHORTEST_PREFIX[network.version]
    if isinstance(network, IPv6Network):
        if network.subnet_of(_IPV4_IN_IPV6):
            shortest = _IPV4_BITS + _SHORTEST_PREFIX[4]
        elif network.is_private and not network.supernet_of(_IPV4_IN_IPV6):  # fd00::/8 is only for private networks
            shortest = 0
    if network.prefixlen < shortest:
        return f"{entry} holds addresses of others (the largest network that may stand here is a /{shortest})"
    return None

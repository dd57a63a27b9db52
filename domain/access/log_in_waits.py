"""How long somebody who failed to log in waits before the next try.

Nobody is locked out: a stranger's tries count for the stranger's address, so the owner of the account logs in from
another one without waiting.
"""

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address

from domain.access.people import Person


@dataclass(frozen=True, slots=True)
class Wait:
    """After ``free`` tries each one waits twice as long as the one before, from 1 s up to ``longest`` seconds."""

    free: int
    longest: int


OF_PAIR = Wait(free=5, longest=900)
"""An email address from one network address."""
OF_ADDRESS = Wait(free=30, longest=300)
"""All email addresses from one network address: many people may share it."""
OF_CODES = Wait(free=10, longest=60)
"""Codes of one person, from wherever: only who knows the password can make the person wait, and a new
password ends that."""

FORGOTTEN_HOURS = 24
"""After so long without a try all are forgotten."""

_IPV6_NETWORK = 64
"""Bits of what one customer of a provider has at least."""


def pair_subject(email: str, address: str) -> str:
    """Whom ``OF_PAIR`` counts. Email addresses are stored as hashes: some are passwords in the wrong field."""
    return f"pair {sha256(email.strip().casefold().encode()).hexdigest()[:32]} {network_of(address)}"


def address_subject(address: str) -> str:
    """Whom ``OF_ADDRESS`` counts."""
    return f"address {network_of(address)}"


def codes_subject(person: Person) -> str:
    """Whom ``OF_CODES`` counts."""
    return f"codes {person.kind}:{person.id}"


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a proxy passed on something else
        return address[:100]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> _IPV6_NETWORK << _IPV6_NETWORK))
    mapped: IPv4Address | IPv6Address | None = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)

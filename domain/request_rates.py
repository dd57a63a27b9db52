"""Rate limits and costs of API requests."""

from typing import NamedTuple


class Rate(NamedTuple):
    """A sustained rate in requests of cost 1 per second, and the burst."""

    per_second: float
    burst: int


RATE_CLASSES: dict[str, Rate | None] = {
    "standard": Rate(50, burst=200),
    "high": Rate(1000, burst=5000),
    "unlimited": None,
}
"""The rate classes that a plan can give its users' API requests; ``None`` is no limit, and the default."""

_BYTES = 64 * 1024
_CONTACTS = 100


def size_cost(length: int) -> int:
    """Additional cost of a request for its body; each costs 1."""
    return length // _BYTES


def contacts_cost(contacts: int) -> int:
    """Additional cost of a request for its contacts; each costs 1."""
    return contacts // _CONTACTS

"""Rate limits and costs of API requests, and how people write rates."""

import re
from typing import NamedTuple

from domain.errors import InvalidError


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

_SECONDS = {"s": 1, "min": 60, "h": 3600}
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)/(s|min|h)")
_BYTES = 64 * 1024
_CONTACTS = 100


def size_cost(length: int) -> int:
    """Additional cost of a request for its body; each costs 1."""
    return length // _BYTES


def contacts_cost(contacts: int) -> int:
    """Additional cost of a request for its contacts; each costs 1."""
    return contacts // _CONTACTS


def per_second(rate: str) -> float:
    """Read a rate such as ``50/s``, ``3000/min`` or ``10/h``.

    Raises:
        InvalidError: it is none, or it is zero.
    """
    match = _RATE.fullmatch(rate)
    value = float(match[1]) / _SECONDS[match[2]] if match else 0.0
    if not 0 < value < float("inf"):
        raise InvalidError("rate", f"{rate} is not a rate: write it as 50/s, 3000/min or 10/h.", "/rate")
    return value

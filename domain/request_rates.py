"""How often somebody may ask."""

from typing import NamedTuple


class Rate(NamedTuple):
    """A sustained rate in requests per second, and how many may come at once."""

    per_second: float
    burst: int


RATE_CLASSES: dict[str, Rate | None] = {
    "standard": Rate(50, burst=200),
    "high": Rate(1000, burst=5000),
    "unlimited": None,
}
"""The rate classes that a plan can give its users' API requests; ``None`` is no limit, and the default."""

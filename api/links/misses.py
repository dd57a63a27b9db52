"""Who asks for short links that do not exist: codes cannot be found by trying them.

With 100 million codes in use one of two million guesses hits: at this pace that takes days. Many people may share an
address, so it is wide enough for those who follow old links.
"""

import time
from collections import OrderedDict

from api.limits.connections import network_of

_MOST = 200
"""Unknown codes that an address may ask for at once."""
_PER_SECOND = 5.0
"""How many more are allowed as time goes by."""
_REMEMBERED = 10_000
"""Addresses."""


class Misses:
    """Counts by address, in this process. Addresses of IPv6 count by their network, which one customer has."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def are_too_many(self, address: str) -> bool:
        """Whether nothing is looked up for this address now."""
        return self._now(network_of(address)) >= _MOST

    def add(self, address: str) -> None:
        """It asked for a code that there is not."""
        network = network_of(address)
        self._counts[network] = (self._now(network) + 1, time.monotonic())
        self._counts.move_to_end(network)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def _now(self, network: str) -> float:
        count, at = self._counts.get(network, (0.0, 0.0))
        return max(0.0, count - _PER_SECOND * (time.monotonic() - at))

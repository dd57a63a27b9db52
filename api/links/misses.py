"""Who asks for short links that do not exist: codes cannot be found by trying them."""

import time
from collections import OrderedDict

_MOST = 30
"""Unknown codes that an address may ask for; more are allowed as time goes by."""
_PER_SECOND = 0.5
_REMEMBERED = 10_000
"""Addresses."""


class Misses:
    """Counts by address, in this process. Addresses of IPv6 count by their /64, which one customer has."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def are_too_many(self, address: str) -> bool:
        """Whether nothing is looked up for this address now."""
        return self._now(_group(address)) >= _MOST

    def add(self, address: str) -> None:
        """It asked for a code that there is not."""
        group = _group(address)
        self._counts[group] = (self._now(group) + 1, time.monotonic())
        self._counts.move_to_end(group)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def _now(self, group: str) -> float:
        count, at = self._counts.get(group, (0.0, 0.0))
        return max(0.0, count - _PER_SECOND * (time.monotonic() - at))


def _group(address: str) -> str:
    return address if ":" not in address else ":".join(address.split(":")[:4])

"""A rate limit for API requests, per process, by the generic cell rate algorithm (GCRA, ITU-T I.371).

Each key needs one number: the time at which its bucket would be empty again. A key whose time has passed is as good
as a new one, so it can be forgotten.
"""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import islice
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


class RequestLimiter:
    """Lets each key make ``burst`` requests at once and ``per_second`` in the long run."""

    def __init__(self, per_second: float, burst: int, max_keys: int = 100_000) -> None:
        """``max_keys`` bounds the memory (about 150 bytes a key); beyond it the least recent key starts anew."""
        if per_second <= 0 or burst < 1 or max_keys < 1:
            raise ValueError("per_second, burst and max_keys must be positive")
        self._interval = 1 / per_second
        self._tolerance = (burst - 1) * self._interval
        # A hundredth of an interval keeps rounding from costing the last request of a burst.
        self._slack = self._tolerance + self._interval / 100
        self._max_keys = max_keys
        self._empty_at: OrderedDict[Hashable, float] = OrderedDict()

    @property
    def key_count(self) -> int:
        """How many keys are remembered."""
        return len(self._empty_at)

    def check(self, key: Hashable, now: float) -> float:
        """Count a request of ``key`` at ``now`` (seconds of a monotonic clock).

        Returns 0 if it may pass, else the seconds to wait; a refused request is not counted.
        """
        empty_at = max(self._empty_at.get(key, now), now)
        if empty_at - now > self._slack:
            return empty_at - now - self._tolerance
        self._empty_at[key] = empty_at + self._interval
        self._empty_at.move_to_end(key)
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop up to two idle keys, so that they go faster than they come, and any key beyond the limit."""
        for oldest, empty_at in list(islice(self._empty_at.items(), 2)):
            if empty_at <= now or len(self._empty_at) > self._max_keys:
                del self._empty_at[oldest]

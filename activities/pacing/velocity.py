"""How many SMS went to ranges of numbers in this hour: counted in each process, and shared once a second.

It must not slow down what it watches: nothing is read or written while a message is on its way. A process that
dies loses a second of its counts, and a message that chooses its gateway again counts again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

import structlog

from store.audience.guards import prefixes
from store.pool import DB_UNAVAILABLE, Pool

log = structlog.get_logger()

_SHARE_SECONDS = 1.0
_HOUR = 3600.0

Range = tuple[int, str]
"""An account, and how the numbers begin."""


class Velocity:
    """The counts of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._hour = 0
        self._known: dict[Range, int] = {}
        """Of all processes together, when it was shared the last time."""
        self._own: Counter[Range] = Counter()
        """Not shared yet."""
        self._is_due = False
        """Whether it will be shared in a moment."""
        self._sharing: asyncio.Future[None] | None = None

    def of(self, account_id: int, prefix: str, now: float) -> int:
        """How many went to a range in this hour, as far as this process knows."""
        self._turn(now)
        place = account_id, prefix
        return self._known.get(place, 0) + self._own[place]

    def count(self, ranges: Iterable[Range], now: float) -> None:
        """Count messages by their ranges."""
        self._turn(now)
        self._own.update(ranges)
        if self._own and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_SHARE_SECONDS, self._begin_sharing)

    def _begin_sharing(self) -> None:
        self._is_due = False
        self._sharing = asyncio.ensure_future(self._share())

    def _turn(self, now: float) -> None:
        if (hour := int(now // _HOUR)) != self._hour:
            self._hour = hour
            self._known.clear()
            self._own.clear()

    async def _share(self) -> None:
        hour, shared = self._hour, Counter(self._own)
        try:
            totals = await prefixes.add(self._pool, hour * _HOUR, shared)
        except DB_UNAVAILABLE as error:
            log.warning("counts of the pumping guard are not shared", error=str(error))
            return
        if hour == self._hour:
            self._known.update(totals)
            self._own -= shared

"""Rate slots: a message is sent in a slot of its gateway's rate, and a slot that has passed is lost.

Slots are handed out by one row of the database for all processes and lanes, in seconds of the database's clock. Within
one process messages through a gateway are also spaced, so that late ones are not sent in a burst.
"""

import asyncio
from collections.abc import Callable
from math import ceil
from uuid import UUID

from activities.database_clock import DatabaseClock
from domain.messages.page import Route
from store.gateways import routing
from store.pool import Pool, retry_until_available

GRACE = 0.25
"""Seconds that a message may be late for its slot. In any one second at most ``rate × (1 + GRACE) + 1`` leave."""
CATCH_UP = 0.1
"""Seconds that a late message may be ahead of its interval: timers overshoot, and the rate shall still be reached."""
NEAR = 5.0
"""Seconds that an urgent message waits in its dispatch for a new slot; for a later one its page waits."""
_LOOK = 0.5


class GatewayPace:
    """When the next message of any dispatch of this process may be sent through one gateway."""

    def __init__(self) -> None:
        self.next_at = 0.0
        """By the database's clock."""

    def left(self, now: float, interval: float) -> None:
        """A message is sent now."""
        self.next_at = max(self.next_at, now - CATCH_UP) + interval

    def pause(self, now: float, interval: float) -> float:
        """Seconds until the next one may be sent."""
        if self.next_at > now + interval:  # the clock was set back since the last one was sent
            self.next_at = now + interval
        return self.next_at - now


class RateSlots:
    """The slots of one dispatch. Of a gateway without a rate there are always enough."""

    def __init__(self, pool: Pool, clock: DatabaseClock, pace: GatewayPace, route: Route, *, came_with_route: bool):
        """``came_with_route``: the first slots are the ones that were reserved when the route was chosen."""
        self._pool = pool
        self._clock = clock
        self._pace = pace
        self._gateway_id = UUID(route.gateway_id)
        self._per_second = route.per_second
        self._interval = 1.0 / route.per_second if route.per_second else 0.0
        self._next = route.slot_at or route.start_at
        """When the next one begins."""
        self._left = len(route.indexes) if came_with_route and self._next and self._interval else 0
        self._within = float("inf") if route.takes_slots else NEAR
        self._set_back = clock.set_back

    async def come_near(self, given_up: Callable[[], bool]) -> None:
        """Wait for the next slot, if there is one. Returns sooner if ``given_up``."""
        if self._interval:
            await self._clock.adjust()
            await self._wait(given_up)

    async def hold(self, count: int, seconds: float, given_up: Callable[[], bool]) -> int:
        """Have up to ``count`` slots of which the first has begun: take new ones where there are none.

        Returns how many there are; 0: the first would not begin within ``seconds``, or ``given_up``.
        """
        if not self._interval:
            return count
        self._drop_passed()
        if not self._left and not await self._take(count, min(seconds, self._within)):
            return 0
        return min(count, self._left) if await self._wait(given_up) else 0

    async def use_next(self, given_up: Callable[[], bool]) -> bool:
        """Wait for the next slot and use it. Returns whether it was used: not ``given_up``, and not too late.

        Without a rate it returns at once.
        """
        if not self._interval:
            return True
        if not await self._wait(given_up):
            return False
        self._pace.left(self._clock.now(), self._interval)
        self._skip(1)
        return True

    async def give_back(self) -> None:
        """Return unused slots, if no later ones were taken."""
        if self._left:
            self._drop_passed()
        if self._left:
            end, count = self._next + self._left * self._interval, self._left
            self._left = 0
            await retry_until_available(
                lambda: routing.return_slots(self._pool, self._gateway_id, end, count, self._per_second)
            )

    async def _take(self, count: int, within: float) -> bool:
        begins = await retry_until_available(
            lambda: routing.reserve_slots(self._pool, self._gateway_id, count, self._per_second, within)
        )
        if begins is None:
            return False
        await self._clock.adjust(begins.at - begins.wait)
        self._next, self._left, self._set_back = begins.at, count, self._clock.set_back
        return True

    async def _wait(self, given_up: Callable[[], bool]) -> bool:
        """Returns whether the next slot is now."""
        while not given_up():
            self._drop_passed()
            if not self._left:
                return False
            now = self._clock.now()
            pause = max(self._next - now, self._pace.pause(now, self._interval))
            if pause <= 0:
                return True
            await asyncio.sleep(min(pause, _LOOK))
            if pause > _LOOK:  # the clock may be set in the meantime
                await self._clock.adjust()
        return False

    def _drop_passed(self) -> None:
        if self._set_back != self._clock.set_back:  # what was taken before that may be hours away
            self._left, self._set_back = 0, self._clock.set_back
        late = self._clock.now() - GRACE - self._next
        if late > 0:
            self._skip(min(self._left, ceil(late / self._interval)))

    def _skip(self, count: int) -> None:
        self._next += count * self._interval
        self._left -= count

"""Reports of a dispatch to the gateway's circuit breaker."""

from uuid import UUID

from domain.messages.page import Route
from store.gateways import routing
from store.pool import Pool, retry_until_available

BREAKER_THRESHOLD = 5
"""Failures of the gateway itself, in a row, that open its breaker."""
BREAKER_PAUSE = 5.0
"""Seconds of the first pause."""


class Health:
    """Reports each change once."""

    def __init__(self, pool: Pool, route: Route) -> None:
        self._pool = pool
        self._gateway_id = UUID(route.gateway_id)
        self._suspect = route.suspect
        self._probe = route.probe
        self._reported = 0

    async def fails(self, failures: int, reason: str) -> None:
        """The gateway has failed ``failures`` times in a row."""
        news = failures - self._reported
        if news <= 0 or (self._probe and self._reported):
            return
        self._reported = failures
        self._suspect = True
        await retry_until_available(
            lambda: routing.record_down(
                self._pool, self._gateway_id, reason, news, BREAKER_THRESHOLD, BREAKER_PAUSE, probe=self._probe
            )
        )

    async def unusable(self, reason: str) -> None:
        """The gateway cannot be set up."""
        await self.fails(BREAKER_THRESHOLD, reason)

    async def works(self) -> None:
        """The gateway works. Written only if failures are recorded."""
        if self._suspect:
            self._suspect = self._probe = False
            self._reported = 0
            await retry_until_available(lambda: routing.record_up(self._pool, self._gateway_id))

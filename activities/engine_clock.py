"""The time of Temporal's server, by which workflows wait: this machine's clock may differ."""

import time
from datetime import UTC, datetime, timedelta

from temporalio import activity


class EngineClock:
    """Create it when an activity starts: from then on it follows the monotonic clock."""

    def __init__(self) -> None:
        self._started = activity.info().started_time.astimezone(UTC)
        self._began = time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return self.date().timestamp()

    def date(self) -> datetime:
        """The same as a UTC time."""
        return self._started + timedelta(seconds=time.monotonic() - self._began)

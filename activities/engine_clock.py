"""The time of Temporal's server, by which workflows wait: this machine's clock may be another."""

import time
from datetime import UTC, datetime, timedelta

from temporalio import activity


class EngineClock:
    """To be made when an activity begins: from then on it goes by the machine's monotonic clock."""

    def __init__(self) -> None:
        self._started = activity.info().started_time.astimezone(UTC)
        self._began = time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return self.date().timestamp()

    def date(self) -> datetime:
        """The same as a UTC time."""
        return self._started + timedelta(seconds=time.monotonic() - self._began)

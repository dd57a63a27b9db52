"""The time window in which a dispatch may start messages."""

import time
from collections.abc import Callable
from math import inf

from temporalio import activity

from domain.messages.page import ANSWER_SECONDS, RECORD_SECONDS


class StartWindow:
    """Closed when the dispatch shall stop, or when a message would no longer have its full time for an answer."""

    def __init__(self, is_stopped: Callable[[], bool], closes_at: float = inf) -> None:
        """``closes_at``: seconds of the monotonic clock."""
        self._is_stopped = is_stopped
        self._closes_at = closes_at

    @property
    def is_closed(self) -> bool:
        """Whether no more messages may be started."""
        return self.is_past or self._is_stopped()

    @property
    def is_past(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._closes_at

    @property
    def seconds_left(self) -> float:
        """Seconds until its time is over."""
        return self._closes_at - time.monotonic()


def last_start() -> float:
    """When this activity must have started its last message, by the monotonic clock.

    Call it at the activity's start. The time since its scheduling counts, as far as both clocks agree: after more than
    a heartbeat time-out the server has given the task to another worker.
    """
    info = activity.info()
    if info.start_to_close_timeout is None:
        return inf
    on_its_way = max(0.0, time.time() - info.started_time.timestamp())
    if info.heartbeat_timeout is not None:
        on_its_way = min(on_its_way, info.heartbeat_timeout.total_seconds())
    limit = info.start_to_close_timeout.total_seconds()
    return time.monotonic() + limit - on_its_way - ANSWER_SECONDS - RECORD_SECONDS

"""How long things take in a phone."""

import asyncio
import contextlib
from dataclasses import dataclass

REPORT_TRIES = 10
"""After them a report is dropped; only an offer of its message brings it again."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, each multiplied by ``scale``. What a server says how long to wait is never scaled."""

    scale: float = 1.0
    radio: tuple[float, float] = (0.5, 2.0)
    """From the radio's start to its answer."""
    delivery: tuple[float, float] = (1.0, 5.0)
    """From there to the recipient's phone."""
    heartbeat: float = 60.0
    pull: float = 900.0
    """Between pulls that nothing asked for (door ``smsgate``): WorkManager's shortest."""
    retry: float = 1.0
    """Before the first retry of a request; each later one waits twice as long, at most ``longest_retry``."""
    longest_retry: float = 60.0
    reconnect: tuple[tuple[int, float], ...] = ((5, 5.0), (5, 30.0))
    """Of the stream of events: so many tries after so many seconds, then ``reconnect_later``."""
    reconnect_later: float = 60.0
    slow: float = 3.0
    """What ``Faults.is_slow`` adds to each request."""
    restart: float = 5.0
    """Until Android starts an app again that has crashed, in a fleet."""

    def backoff(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return self.scale * min(self.longest_retry, self.retry * 2.0 ** min(failures - 1, 16))

    def reconnect_after(self, failures: int) -> float:
        """Seconds until the stream of events is opened again, after so many failures in a row."""
        for tries, seconds in self.reconnect:
            if failures <= tries:
                return self.scale * seconds
            failures -= tries
        return self.scale * self.reconnect_later


async def wait_for(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until the event is set, at most so long (``None``: for ever), and clear it. Whether it was set."""
    with contextlib.suppress(TimeoutError):  # no asyncio.wait_for: up to Python 3.11 it may swallow a cancellation
        async with asyncio.timeout(seconds):
            await event.wait()
    was_set = event.is_set()
    event.clear()
    return was_set

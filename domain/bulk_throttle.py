"""Throttling of bulk beside urgent messages: measuring how much slower those are, and adapting bulk's share.

As in TCP Vegas: a delay compared with the usual one shows a queue before anything fails. Delays are
compared by their logarithms: twice as long weighs as much as half as long, and a single stall not more than the rest.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

RECENT = 3.0
"""Seconds for which a delay counts, and a process's figures are used."""
FEWEST = 3
"""The fewest delays, of all processes together, from which a slowdown is computed."""

BEARABLE = 1.2
"""The slowdown up to which bulk recovers. When the mean is at 1.5, the slowest twentieth takes about twice as long."""
_SURE = 1.5
"""Standard errors subtracted from a slowdown, so that chance does not throttle bulk: few delays must differ by more."""
_USUAL_SPREAD = 0.5
"""The standard deviation of logarithms of delays on an idle machine; it is weighted like this many delays:"""
_USUAL_WEIGHT = 4

LEAST = 0.15
"""The share of time that bulk always has: it slows down, it does not stop."""
START = 0.3
"""The share when urgent messages have just appeared: what they tolerate is not known yet."""
_DECREASE = 0.7
_INCREASE = 0.05
_REMEMBERED = 30
"""Beats without urgent messages after which the share that they tolerate is reset."""

_BLOCKS = ((200, 10.0), (20, 60.0))
"""The usual delay is the lowest mean of this many delays, or over at least this many seconds. That a mean of
these is lower by chance is rare enough for the usual delay to age in between."""
_AGING = log(2) / 2400
"""Per second. The usual delay may double in forty minutes, if it is never reached again."""
_SHORTEST = 0.001
"""Clocks of machines differ: no delay is shorter (seconds)."""


@dataclass(frozen=True, slots=True)
class DelayFigures:
    """A process's report of its recent delays, as multiples of its usual one: sums, which can be added up."""

    count: int
    logs: float
    """Sum of logarithms."""
    squares: float
    """Sum of their squares."""

    @property
    def slowdown(self) -> float:
        """The (geometric) mean of the multiples."""
        return exp(self.logs / self.count)


class QueueDelays:
    """How long urgent messages have waited for their dispatch to start, in one process."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=256)
        self._usual: float | None = None
        self._block_began = 0.0
        self._block_count = 0
        self._block_logs = 0.0

    def add(self, seconds: float, now: float) -> None:
        """Add a delay; ``now`` is of any monotonic clock."""
        delay = log(max(seconds, _SHORTEST))
        self._recent.append((now, delay))
        if not self._block_count:
            self._block_began = now
        self._block_count += 1
        self._block_logs += delay
        if any(self._block_count >= count and now >= self._block_began + long for count, long in _BLOCKS):
            self._end_block(now)

    def _end_block(self, now: float) -> None:
        mean = self._block_logs / self._block_count
        aged = mean if self._usual is None else self._usual + _AGING * (now - self._block_began)
        self._usual = min(mean, aged)
        self._block_count, self._block_logs = 0, 0.0

    def figures(self, now: float) -> DelayFigures | None:
        """The figures of recent delays; ``None``: there were none."""
        while self._recent and self._recent[0][0] < now - RECENT:
            self._recent.popleft()
        if not self._recent:
            return None
        # Until the first block is full, its mean so far is used.
        usual = self._block_logs / self._block_count if self._usual is None else self._usual
        logs = [delay - usual for _, delay in self._recent]
        return DelayFigures(len(logs), sum(logs), sum(multiple * multiple for multiple in logs))


def slowdown(processes: Sequence[DelayFigures]) -> float | None:
    """How many times slower than usual urgent messages certainly are, over all processes that dispatch them.

    Each delay has equal weight, so that a process with few or exceptional ones does not decide.
    ``None``: there were too few.
    """
    count = sum(process.count for process in processes)
    if count < FEWEST:
        return None
    mean = sum(process.logs for process in processes) / count
    spread = max(0.0, sum(process.squares for process in processes) - count * mean * mean)
    variance = (spread + _USUAL_WEIGHT * _USUAL_SPREAD**2) / (count - 1 + _USUAL_WEIGHT)
    return exp(mean - _SURE * sqrt(variance / count))


class DutyCycle:
    """The share of the time that bulk works, by additive increase and multiplicative decrease."""

    def __init__(self) -> None:
        self.share = 1.0
        self._learned: float | None = None
        """The share that urgent messages tolerated when they were last seen."""
        self._beats_alone = 0

    def adapt(self, slowdown: float | None) -> None:
        """Adapt to the slowdown, once a beat; ``None``: no urgent messages."""
        if slowdown is None:
            self.share = 1.0
            self._beats_alone += 1
            if self._beats_alone > _REMEMBERED:
                self._learned = None
            return
        self._beats_alone = 0
        if self._learned is None:
            self._learned = START
        elif slowdown > BEARABLE:
            self._learned = max(LEAST, self._learned * _DECREASE)
        else:
            self._learned = min(1.0, self._learned + _INCREASE)
        self.share = self._learned

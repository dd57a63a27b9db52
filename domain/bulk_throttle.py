"""How bulk is throttled beside urgent messages: how much slower those have become, and what bulk does about it.

After TCP Vegas: the time that something takes, beside the usual one, shows a queue before anything fails. Delays are
compared by their logarithms: twice as long weighs as much as half as long, and a single stall not more than the rest.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

RECENT = 3.0
"""Seconds that a delay counts, and that a process's figures are used."""
FEWEST = 3
"""Delays, of all processes together, that a slowdown can be computed from."""

BEARABLE = 1.2
"""The slowdown up to which bulk recovers. When the mean is at 1.5, the slowest twentieth takes about twice as long."""
_SURE = 1.5
"""Standard errors that are taken off a slowdown, so that chance throttles nobody: few delays must differ by more."""
_USUAL_SPREAD = 0.5
"""The standard deviation of logarithms of delays on a quiet machine; it counts as much as so many delays do:"""
_USUAL_WEIGHT = 4

LEAST = 0.15
"""Of the time bulk always works: it slows down, it does not stop."""
START = 0.3
"""Where urgent messages have just been noticed: what they can bear is not known yet."""
_DECREASE = 0.7
_INCREASE = 0.05
_REMEMBERED = 30
"""Beats without urgent messages after which what they can bear is not known any more."""

_BLOCKS = ((200, 10.0), (20, 60.0))
"""What is usual is the lowest mean of so many delays, over at least so many seconds: either is enough. That a mean of
so many, or one in so long, is lower by chance is rare enough for what is usual to age in between."""
_AGING = log(2) / 2400
"""A second. What was usual may double in forty minutes, if it is never reached again."""
_SHORTEST = 0.001
"""Clocks of machines differ: no delay is shorter (seconds)."""


@dataclass(frozen=True, slots=True)
class DelayFigures:
    """What a process says of its recent delays, as multiples of its usual one: sums, so that processes add up."""

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
    """How long urgent messages have waited for their dispatch to begin, in one process."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=256)
        self._usual: float | None = None
        self._block_began = 0.0
        self._block_count = 0
        self._block_logs = 0.0

    def add(self, seconds: float, now: float) -> None:
        """One has waited this long; ``now`` is of any clock that does not jump."""
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
        """Those of recent delays; ``None``: there were none."""
        while self._recent and self._recent[0][0] < now - RECENT:
            self._recent.popleft()
        if not self._recent:
            return None
        # Until the first block is full, what there was of it is all that is known.
        usual = self._block_logs / self._block_count if self._usual is None else self._usual
        logs = [delay - usual for _, delay in self._recent]
        return DelayFigures(len(logs), sum(logs), sum(multiple * multiple for multiple in logs))


def slowdown(processes: Sequence[DelayFigures]) -> float | None:
    """How many times slower than usual urgent messages surely are, over all processes that dispatch them.

    Each delay counts once, whichever process it was in: a process with few of them, or with bad luck, decides nothing.
    ``None``: there were too few to say.
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
        """The share that urgent messages could bear when they were last seen."""
        self._beats_alone = 0

    def adapt(self, slowdown: float | None) -> None:
        """Take notice of the slowdown, once a beat; ``None``: nobody waits."""
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

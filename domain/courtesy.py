"""How bulk gives way to what somebody waits for: how much slower that has become, and what bulk does about it.

After TCP Vegas: the time that something takes, beside the best known one, tells of a queue before anything fails.
"""

from collections import deque
from statistics import fmean

RECENT = 3.0
"""Seconds that a wait counts, and that a figure is believed."""
FEWEST = 3
"""Waits of which a mean says something."""

BEARABLE = 1.2
"""The slowdown up to which bulk recovers. When the mean is at 1.5, the slowest twentieth takes about twice as long."""
LEAST = 0.15
"""Of the time bulk always works: it slows down, it does not stop."""
START = 0.3
"""Where urgent messages have just been noticed: what they can bear is not known yet."""
_DECREASE = 0.7
_INCREASE = 0.05

_FALL = 0.5
_AGING = 1 + 1 / 3600
"""By beats of a second: what was the best known mean may double in forty minutes, if it is never reached again."""
_SHORTEST = 0.001
"""Clocks of machines differ: no wait is shorter (seconds)."""


class Waits:
    """How long urgent messages have waited for their dispatch to begin, in one process."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=256)
        self._best = 0.0

    def add(self, seconds: float, now: float) -> None:
        """One has waited this long; ``now`` is of any clock that does not jump."""
        self._recent.append((now, max(seconds, _SHORTEST)))

    def slowdown(self, now: float) -> float | None:
        """The mean of recent waits, by the best known one; ``None``: there were too few. To be asked once a beat."""
        while self._recent and self._recent[0][0] < now - RECENT:
            self._recent.popleft()
        if len(self._recent) < FEWEST:
            return None
        mean = fmean(seconds for _, seconds in self._recent)
        if not self._best:
            self._best = mean
        elif mean < self._best:  # not all the way: a few lucky ones are not what is usual
            self._best += (mean - self._best) * _FALL
        else:  # what was the best once may be out of reach for good
            self._best = min(mean, self._best * _AGING)
        return mean / self._best


class Duty:
    """The share of the time that bulk works, by additive increase and multiplicative decrease."""

    def __init__(self) -> None:
        self.share = 1.0
        self._alone = True

    def adapt(self, slowdown: float | None) -> None:
        """Take notice of the worst slowdown; ``None``: nobody waits."""
        if slowdown is None:
            self.share = 1.0
        elif self._alone:
            self.share = START
        elif slowdown > BEARABLE:
            self.share = max(LEAST, self.share * _DECREASE)
        else:
            self.share = min(1.0, self.share + _INCREASE)
        self._alone = slowdown is None

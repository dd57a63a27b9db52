"""How long the worst input of a given length takes, whatever the machine."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

TRIES = 5
"""One of so many must be in time: what else the machine does is not the reader's fault."""
GROWTH = 3.4
"""Twice the input may take so many times as long."""
UNMEASURABLE = 0.003
"""Seconds below which growth is noise."""
_REFERENCE = 0.0125
"""Seconds that ``_work`` takes on the machine that the bounds were set on."""

THREAD = "thread beside the loop, beyond 32 KiB"


@dataclass(frozen=True)
class Cost:
    """One kind of input to one reader."""

    reader: str
    what: str
    """The input that was found to be the worst, or one of the kind that once was."""
    longest: int
    """Characters, bytes or pieces that are let in at most."""
    limit: str
    """The same in words, and where it is set."""
    bound: float
    """Milliseconds that it may take at most."""
    prepare: Callable[[int], Callable[[], object]]
    """Given a length, what is to be measured; inputs are made before."""
    where: str = "loop"
    """Which thread or process does it."""
    growth: float = GROWTH
    """How many times as long twice the input may take."""

    def seconds(self, length: int) -> float:
        """CPU time that one run takes."""
        run = self.prepare(length)
        with _without_old_objects():
            begun = time.thread_time()
            with suppress(ValueError):  # a refusal is an answer, too
                run()
            return time.thread_time() - begun

    def check(self) -> None:
        """Fail if it takes too long, or grows faster than its input does."""
        seen = []
        for _ in range(TRIES):
            half, whole = self.seconds(self.longest // 2), self.seconds(self.longest)
            bound = self.bound / 1000 * slowness()
            if whole <= bound and whole <= self.growth * max(half, UNMEASURABLE):
                return
            seen.append(f"{half * 1000:.1f} ms, for twice as much {whole * 1000:.1f} of {bound * 1000:.1f} ms")
        raise AssertionError(f"{self.reader}, {self.what}: {'; '.join(seen)}")


@contextmanager
def _without_old_objects() -> Iterator[None]:
    """The collector looks at what is made meanwhile, as in a server (``runtime/garbage.py``): not at all that thousands
    of tests have left in this process, for a second each time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def slowness() -> float:
    """How much slower this machine is now than the one that the bounds were set on; never less than 1."""
    return max(1.0, _work() / _REFERENCE)


def _work() -> float:
    begun = time.thread_time()
    sum(len(str(number)) for number in range(100_000))
    return time.thread_time() - begun

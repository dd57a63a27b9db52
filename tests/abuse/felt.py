"""What an attack did to another account and to the processes: measured, judged and written down."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT = os.environ.get("ABUSE_REPORT", "")
"""A file to which each attack's figures are added, one JSON object per line (``tests/abuse/report.py``)."""
MEASURES = bool(REPORT)
"""Whether the promises are held to their figures. Without it attacks are shorter, and only what is much worse fails:
a machine that tests run on is seldom quiet."""
FACTOR = 2.0 if MEASURES else 5.0
"""How much slower another account's sends may be during an attack, at the 95th percentile."""
NOISE = 0.03 if MEASURES else 0.3
"""Seconds of a 95th percentile that this machine's own noise makes: a quiet one below it counts as this much."""
LEEWAY = 1.0 if MEASURES else 8.0
"""How many times as long as on a quiet machine something may take."""
MEMORY = 400
"""MiB that a process of the API or of a worker may have at most, with its children."""
RECOVERY = 5.0
"""Seconds after the end of an attack until all is as before."""

Send = tuple[float, float, int]
"""When a send was due, the seconds it took, its status; 0: no answer."""


@dataclass(frozen=True)
class Felt:
    """Seconds are 95th percentiles of the other account's sends."""

    attack: str
    quiet: float
    during: float
    after: float
    """In the time that begins ``RECOVERY`` after the end."""
    faults: int
    """Sends without an answer, or with one of 500 and above."""
    memory: dict[str, int]
    """The most MiB of each kind of process."""

    def check(self) -> None:
        """Write the figures down, then fail if another account felt too much."""
        if REPORT:
            with Path(REPORT).open("a") as report:
                report.write(json.dumps(asdict(self)) + "\n")
        assert self.holds, self

    @property
    def holds(self) -> bool:
        """Whether the other account felt no more than it may, and no process took more memory."""
        is_slow = max(self.during, self.after) > bound(self.quiet)
        return not self.faults and not is_slow and max(self.memory.values()) <= MEMORY


def bound(quiet: float) -> float:
    """The most that a 95th percentile may be, in seconds, where it is ``quiet`` when nothing is attacked."""
    return FACTOR * max(quiet, NOISE)


def p95(sends: Sequence[Send]) -> float:
    """Of the seconds that sends took."""
    assert len(sends) >= 10, "too few sends to judge"
    return sorted(took for _, took, _ in sends)[int(len(sends) * 0.95)]


def faults(sends: Sequence[Send]) -> int:
    """How many were not answered as they should be."""
    return sum(status == 0 or status >= 500 for _, _, status in sends)

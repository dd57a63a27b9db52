"""What is measured of an install, and what of it is good enough."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """``warn``: slower than an install should be. ``fail``: something did not work."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the way, measured."""

    name: str
    figure: float
    unit: str
    text: str
    """What was found, in a sentence."""
    verdict: Verdict = Verdict.PASS
    limit: float | None = None
    """From where on it is not good enough; ``None``: it is only told."""
    remedy: str = ""
    """What to look at then."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The slowest of a stage (seconds, of 95 in 100), and what to look at beyond."""

    seconds: float
    remedy: str


_HEARD = "xsender doctor: how long the database and Temporal take to answer; then whether the API has a core to itself"
LIMITS = {
    "answered, alone": Limit(0.1, _HEARD),
    "waited, alone": Limit(0.5, "xsender doctor: queues without workers, Temporal's latency; then more workers"),
    "sent, alone": Limit(0.25, "the database: its disk (commits wait for it), its load"),
    "answered, under load": Limit(1.0, "more API processes; then the database and Temporal"),
    "waited, under load": Limit(5.0, "more workers of xsender and xsender-dispatch; then Temporal's database"),
    "sent, under load": Limit(2.0, "more workers of xsender-dispatch; then the database"),
    "status read": Limit(0.1, _HEARD),
    "list read": Limit(0.25, "the database: its memory for data that is read often; a replica for lists"),
}
"""Several times what two cores take that run everything (docs/benchmarks.md)."""
BATCH_LEAST = 250.0
"""Messages a second: a tenth of what two cores do that run everything."""


def timed(name: str, seconds: Sequence[float]) -> Stage:
    """A stage by how long it took each time."""
    p50, p95 = spread(seconds)
    limit = LIMITS[name]
    is_slow = p95 > limit.seconds
    return Stage(
        name,
        round(p95 * 1000, 1),
        "ms",
        f"half within {p50 * 1000:.0f} ms, 95 of 100 within {p95 * 1000:.0f} ms",
        Verdict.WARN if is_slow else Verdict.PASS,
        limit.seconds * 1000,
        limit.remedy if is_slow else "",
    )


def rate(name: str, count: int, seconds: float, least: float | None = None, remedy: str = "") -> Stage:
    """A stage by how many there were in a time."""
    per_second = count / seconds
    is_slow = least is not None and per_second < least
    text = f"{count:,} in {seconds:.1f} s"
    verdict = Verdict.WARN if is_slow else Verdict.PASS
    return Stage(name, round(per_second, 1), "messages/s", text, verdict, least, remedy if is_slow else "")


def failed(name: str, count: int, text: str) -> Stage:
    """Something that did not work."""
    return Stage(name, count, "failures", text, Verdict.FAIL, 0, "see the answer; xsender doctor")


def spread(seconds: Sequence[float]) -> tuple[float, float]:
    """The median, and what 95 of 100 do not exceed."""
    if len(seconds) < 2:
        return seconds[0], seconds[0]
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[18]

"""When failures of an automation's step are told, and when they pause it."""

from datetime import timedelta

LEAST_RUNS = 100
"""Runs at a step, failed or not, below which nothing is paused."""
WITHIN = timedelta(minutes=15)
TOLD_AT = (1, 10, 100, 1000)
"""Failures of a step that are told of."""


def is_mass_failure(failed: int, passed: int) -> bool:
    """Whether a step at which so many runs failed, and through which so many came, pauses its automation."""
    return failed + passed >= LEAST_RUNS and failed > passed


def to_tell(failed: int, told: int) -> bool:
    """Whether so many failures are told of, after the last time that somebody was."""
    return any(told < least <= failed for least in TOLD_AT)

"""Counts of a round of the sweep."""

from dataclasses import dataclass

FAILING_TRIES = 5
"""Attempts at a workflow task that failed in a row: a deploy or a restart explains one or two."""


@dataclass(slots=True)
class SweepCounts:
    """Counts of one round."""

    checked: int = 0
    """Pages and batches that were checked with Temporal."""
    restarted: int = 0
    """Of those, started again."""
    ended: int = 0
    """Messages that were ended."""
    failing: int = 0
    """Workflows whose task keeps failing: an operator must act."""
    skipped: int = 0
    """Pages and batches that could not be checked; the log has the errors."""

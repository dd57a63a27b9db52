"""What a round of the sweep found."""

from dataclasses import dataclass

FAILING_TRIES = 5
"""Tries at a workflow task that have failed in a row: a deploy or a restart explains one or two."""


@dataclass(slots=True)
class Swept:
    """Counts of one round."""

    asked: int = 0
    """Pages and batches that Temporal was asked about."""
    restarted: int = 0
    """Of those, started again."""
    ended: int = 0
    """Messages that were given an end."""
    failing: int = 0
    """Workflows whose task keeps failing: an operator must look."""
    skipped: int = 0
    """Pages and batches that could not be judged; the log says why."""

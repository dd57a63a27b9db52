"""Limits that decide what workflows of pages and batches do next, and so how their histories replay.

A page may wait for a year, and whoever replays it then must decide as was decided: so every page and every batch
carries the limits that it was started with. To change one, change ``PAGE_LIMITS`` or ``BATCH_LIMITS``: what is under
way keeps its own. A field that is added later needs a default that means "as before".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PageLimits:
    """Of the workflow of a page."""

    attempts: int
    """Tries at one message, over all gateways; those that only probe whether a gateway works again are not counted."""
    wait: float
    """Seconds that a due message waits for a gateway before it expires. A wait for paused gateways has no limit, and
    after it the time begins anew: what an operator pauses does not fail by that."""
    soon: float
    """A wait for a rate slot that is shorter (seconds) is left to the dispatch, which paces anyway: no timer for it."""
    shortest_park: float
    """Shortest wait (seconds) for a gateway's breaker: clocks differ, and asking again at once would be a busy loop."""
    inline_bytes: int
    """How much content a run hands to its dispatches itself. Any more they read from the run's first event, so that
    neither one answer to the server (4 MB) nor the history (50 MB) outgrows its limit."""
    events: int
    """Events, about, after which a page goes on in a fresh run, far below the server's limit of 51,200."""


@dataclass(frozen=True)
class BatchLimits:
    """Of the workflow of a batch."""

    pages_in_flight: int
    """Pages under way at a time: enough that one is always at the gateway while others start and end."""
    pages_listed: int
    """How many of its pages a batch looks up at a time."""
    events: int
    """Events, about, after which a batch goes on in a fresh run: about a dozen for each page."""
    rest: float
    """Seconds that a batch about to go on in a fresh run waits for its pages under way; the next run follows others."""


PAGE_LIMITS = PageLimits(attempts=8, wait=24 * 3600.0, soon=1.0, shortest_park=1.0, inline_bytes=1_500_000, events=4000)
BATCH_LIMITS = BatchLimits(pages_in_flight=4, pages_listed=100, events=1500, rest=10.0)

UNSTATED_PAGE_LIMITS = PageLimits(
    attempts=8, wait=24 * 3600.0, soon=1.0, shortest_park=1.0, inline_bytes=1_500_000, events=4000
)
"""Of pages that were started before pages carried their limits. Never change these, nor those of batches."""
UNSTATED_BATCH_LIMITS = BatchLimits(pages_in_flight=4, pages_listed=100, events=1500, rest=0.0)

"""Limits that decide what page and batch workflows do next, and so how their histories replay.

A page may wait for a year, and a later replay must make the same decisions: so every page and every batch
carries the limits that it was started with. To change one, change ``PAGE_LIMITS`` or ``BATCH_LIMITS``: running
workflows keep their own. A field that is added later needs a default that means "as before".
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PageLimits:
    """Limits of a page's workflow."""

    attempts: int
    """Attempts at one message, over all gateways; probes of recovering gateways are not counted."""
    wait: float
    """Seconds that a due message waits for a gateway before it expires. A wait for paused gateways has no limit, and
    after it the time starts again: a pause by an operator does not expire messages."""
    soon: float
    """A shorter wait (seconds) for a rate slot is left to the dispatch, which paces anyway: no timer for it."""
    shortest_park: float
    """Shortest wait (seconds) for a gateway's breaker: avoids a busy loop when clocks differ."""
    inline_bytes: int
    """How much content a run passes to its dispatches. Beyond that they read it from the run's first event, so that
    neither one answer to the server (4 MB) nor the history (50 MB) outgrows its limit."""
    events: int
    """Events, about, after which a page continues as new, far below the server's limit of 51,200."""
    at_once: float = 0.0
    """Seconds in which messages that may be sent at once are sent within the page's first workflow task; what takes
    longer gets a dispatch of its own (0: all do)."""


@dataclass(frozen=True)
class BatchLimits:
    """Limits of a batch's workflow."""

    pages_in_flight: int
    """Pages in flight: enough that one is always at the gateway while others start and end."""
    pages_listed: int
    """How many of its pages a batch lists at a time."""
    events: int
    """Events, about, after which a batch continues as new: about a dozen for each page."""
    rest: float
    """Seconds that a batch waits for its pages in flight before it continues as new; the next run polls for others."""


PAGE_LIMITS = PageLimits(attempts=8, wait=24 * 3600.0, soon=1.0, shortest_park=1.0, inline_bytes=1_500_000, events=4000)
AT_ONCE_LIMITS = replace(PAGE_LIMITS, at_once=0.5)
"""Of pages that somebody waits for, if an API starts them: no worker of a release before them is left by then."""
BATCH_LIMITS = BatchLimits(pages_in_flight=4, pages_listed=100, events=1500, rest=10.0)

UNSTATED_PAGE_LIMITS = PageLimits(
    attempts=8, wait=24 * 3600.0, soon=1.0, shortest_park=1.0, inline_bytes=1_500_000, events=4000
)
"""Limits of pages that were started before pages carried them. Never change these, nor those of batches."""
UNSTATED_BATCH_LIMITS = BatchLimits(pages_in_flight=4, pages_listed=100, events=1500, rest=0.0)

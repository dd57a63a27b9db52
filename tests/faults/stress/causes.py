"""Why an answer was lost: ``unknown`` is right only where there is a cause."""

from collections.abc import Sequence

from tests.faults.stress.chaos import Disturbance
from tests.faults.stress.install import WORKER_OF_LANE
from tests.faults.stress.providers import Arrival
from tests.faults.stress.record import Try

NONE = "no cause"
_SLACK = 1.0


def cause(lost: Try, arrivals: Sequence[Arrival], lane: str, done: Sequence[Disturbance], now: float) -> str:
    """What explains that an attempt is ``unknown``, as ``worker: kill`` or ``no full answer``; ``NONE``: nothing does.

    A provider that never meant to answer explains it, and so does what was done, between the intent and the outcome, to
    the worker that served the lane, or to a server that it needed.
    """
    began = lost.started_at.timestamp()
    ended = lost.ended_at.timestamp() if lost.ended_at else now
    if any(arrival.is_lost and began - _SLACK <= arrival.at <= ended + _SLACK for arrival in arrivals):
        return "no full answer"
    for part in (WORKER_OF_LANE[lane], "postgres", "temporal"):
        for disturbance in done:
            if disturbance.part == part and disturbance.concerns(began - _SLACK, ended + _SLACK):
                return f"{'worker' if part in WORKER_OF_LANE.values() else part}: {disturbance.action}"
    return NONE

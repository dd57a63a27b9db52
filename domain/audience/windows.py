"""Hours in which messages may arrive, by the clock of their recipients."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True)
class SendWindow:
    """From ``begins`` to before ``ends``, by the clock on the wall; ``days``: 1 is Monday."""

    begins: time
    ends: time
    days: tuple[int, ...] = EVERY_DAY


_DAYS = 30
"""No window is shut for longer, holidays included."""


def _never(day: date) -> bool:
    return False


def next_opening(window: SendWindow, at: datetime, zone: str, is_shut: Callable[[date], bool] = _never) -> datetime:
    """The first moment from ``at`` on that lies in the window, on a day that is not shut.

    Where the clocks skip the beginning of a window, it begins with the hour after; where they show it twice, with the
    first one. A window that a change of the clocks skips as a whole is left out that day.
    """
    local = at.astimezone(ZoneInfo(zone))
    for ahead in range(_DAYS):
        day = local.date() + timedelta(days=ahead)
        if day.isoweekday() not in window.days or is_shut(day):
            continue
        begins, ends = _moment(day, window.begins, zone), _moment(day, window.ends, zone)
        if at < ends and begins < ends:
            return max(at, begins)
    return at  # it would never open: such a rule holds nothing back


def _moment(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)

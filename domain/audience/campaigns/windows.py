"""The hours in which a campaign may arrive, in each recipient's time zone."""

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


def next_opening(window: SendWindow, at: datetime, zone: str) -> datetime:
    """The first moment from ``at`` on that lies in the window.

    Where the clocks skip the beginning of a window, it begins with the hour after; where they show it twice, with the
    first one. A window that a change of the clocks skips as a whole is left out that day.
    """
    local = at.astimezone(ZoneInfo(zone))
    for ahead in range(15):
        day = local.date() + timedelta(days=ahead)
        if day.isoweekday() not in window.days:
            continue
        begins, ends = _moment(day, window.begins, zone), _moment(day, window.ends, zone)
        if at < ends and begins < ends:
            return max(at, begins)
    raise AssertionError("a window opens within two weeks")


def _moment(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)

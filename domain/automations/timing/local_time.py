"""Times by the clock on the wall, as moments.

Where the clocks skip a time, it is the first minute after the gap; where they show it twice, the first of both.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.audience.conditions.values import duration


def local_moment(day: date, clock: time, zone: str) -> datetime:
    """The moment, in UTC, at which the clocks of a zone show this."""
    info = ZoneInfo(zone)
    wall = datetime.combine(day, clock).replace(fold=0)  # a time that was taken from a moment may say: the second
    first = wall.replace(tzinfo=info).astimezone(UTC)
    if first.astimezone(info).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall.replace(tzinfo=info, fold=1).astimezone(UTC), first, info)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks were put forward: between these two moments, to the second."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)


def shift(at: datetime, offset: str, zone: str) -> datetime:
    """A moment moved by ``-2d``, ``+3h``: days and weeks go by the calendar, and keep the time on the clock.

    Raises:
        OverflowError: there is no such year.
    """
    length = timedelta() if offset[1:-1] == "0" else duration(offset[1:])
    moved = -length if offset[0] == "-" else length
    if offset[-1] not in "dw":
        return at + moved
    local = at.astimezone(ZoneInfo(zone))
    return local_moment(local.date() + moved, local.time(), zone)


def choose_zone(wanted: str, contact: str | None, by_number: Sequence[str], account: str) -> str:
    """The zone of a wait: for ``contact`` the contact's own; else its number's, if that is certain; else the account's.

    ``wanted``: as the definition has it; ``by_number``: zones in which the contact's number may be.
    """
    if wanted == "account":
        return account
    if wanted != "contact":
        return wanted
    return contact or (by_number[0] if len(by_number) == 1 else account)

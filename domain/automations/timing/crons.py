"""The moments that a cron expression means. What ``cron_fault`` refuses is not read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.automations.cron import Field, fields_of
from domain.automations.timing.local_time import local_moment

_LONGEST = 3_000
"""Days: from one 29 February to the next there may be eight years."""


@dataclass(frozen=True, slots=True)
class _Days:
    of_month: Field
    months: Field
    of_week: Field

    def has(self, day: date) -> bool:
        """Where both the day of the month and the weekday are restricted, either is enough, as everywhere in cron."""
        if day.month not in self.months.values:
            return False
        in_month = day.day in self.of_month.values
        in_week = day.isoweekday() % 7 in self.of_week.values
        if self.of_month.is_any or self.of_week.is_any:
            return in_month and in_week
        return in_month or in_week


def moments(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The moments after one, in their order, in UTC: none within eight years ends them.

    A time that the clocks skip is the end of the gap; of one that they show twice only the first counts.
    """
    minutes, hours, of_month, months, of_week = fields_of(cron)
    days = _Days(of_month, months, of_week)
    first, last = after.astimezone(ZoneInfo(zone)).date(), after
    clocks = [time(hour, minute) for hour in sorted(hours.values) for minute in sorted(minutes.values)]
    number = -1  # a gap at midnight may have moved a time of the day before
    while number < _LONGEST:
        day = first + timedelta(days=number)
        number += 1
        if not days.has(day):
            continue
        for clock in clocks:
            at = local_moment(day, clock, zone)
            if at > last:
                first, number, last = day, 1, at
                yield at


def next_moment(cron: str, zone: str, after: datetime) -> datetime | None:
    """The first moment after one; ``None``: there is none within eight years."""
    return next(moments(cron, zone, after), None)

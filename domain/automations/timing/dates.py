"""When an automation begins that is triggered by a date of the contact."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from domain.audience.conditions.values import moment
from domain.automations.definition.triggers import OnDate
from domain.automations.timing.local_time import local_moment, shift

USUAL = time(9)
"""The time of the day for a date that has none, where the trigger has none."""


def next_firing(trigger: OnDate, value: object, zone: str, after: datetime) -> datetime | None:
    """The first moment after ``after``; ``None``: there is none, or the value is no date. ``zone``: the contact's.

    A yearly date that is 29 February is 28 February in other years. It fires for the first time in its own year.
    """
    found = moment(value)
    if found is None:
        return None
    local = found.astimezone(ZoneInfo(zone)) if isinstance(found, datetime) else None
    day = local.date() if local else found
    assert isinstance(day, date)
    clock = trigger.at or (local.time() if local else USUAL)
    if not trigger.yearly:
        firing = _firing(day, clock, trigger.offset, zone)
        return firing if firing > after else None
    # An offset of up to 400 days may put the firing into another year than the date.
    year = after.astimezone(ZoneInfo(zone)).year
    for candidate in range(max(year - 2, day.year), max(year, day.year) + 4):
        firing = _firing(_in_year(day, candidate), clock, trigger.offset, zone)
        if firing > after:
            return firing
    return None


def _firing(day: date, clock: time, offset: str | None, zone: str) -> datetime:
    at = local_moment(day, clock, zone)
    return at if offset is None else shift(at, offset, zone)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)

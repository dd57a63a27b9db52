"""When an automation begins that is triggered by a date of the contact."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.audience.conditions.values import duration, moment
from domain.automations.definition.triggers import OnDate
from domain.automations.timing.local_time import local_moment, shift

USUAL = time(9)
"""The time of the day for a date that has none, where the trigger has none."""

_ELSEWHERE = timedelta(days=2)
"""By so much the day of a moment may differ between UTC, the contact's zone, and that in which the value is written."""


@dataclass(frozen=True, slots=True)
class Firing:
    """When a date of a contact begins a run."""

    at: datetime
    day: date
    """The date itself, of a yearly one in that year."""


def next_firing(trigger: OnDate, value: object, zone: str, after: datetime) -> Firing | None:
    """The first after a moment; ``None``: there is none, or the value is no date. ``zone``: the contact's.

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
        return firing if firing.at > after else None
    # An offset of up to 400 days may put the firing into another year than the date.
    year = after.astimezone(ZoneInfo(zone)).year
    for candidate in range(max(year - 2, day.year), max(year, day.year) + 4):
        firing = _firing(_in_year(day, candidate), clock, trigger.offset, zone)
        if firing.at > after:
            return firing
    return None


def days_of(trigger: OnDate, after: datetime, until: datetime) -> list[str]:
    """How dates begin that may fire after one moment and up to another, wherever the contact is: ``2026-11-28``; of
    yearly ones it is how they go on: ``11-28``. Among those that do, ``next_firing`` tells which fire.
    """
    offset = trigger.offset or "+0d"
    length = timedelta() if offset[1:-1] == "0" else duration(offset[1:])
    back = length if offset[0] == "-" else -length
    first, last = (after + back).date() - _ELSEWHERE, (until + back).date() + _ELSEWHERE
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if not trigger.yearly:
        return [day.isoformat() for day in days]
    of_year = {day.isoformat()[5:] for day in days}
    return sorted(of_year | ({"02-29"} if "02-28" in of_year else set()))


def _firing(day: date, clock: time, offset: str | None, zone: str) -> Firing:
    at = local_moment(day, clock, zone)
    return Firing(at if offset is None else shift(at, offset, zone), day)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)

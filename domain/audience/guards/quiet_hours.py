"""Until when a message must wait, by the hours that its recipient's country has for advertising.

``quiet_hours.csv`` has the hours in which messages may arrive, each with its source. None of this is legal advice.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from domain.audience.windows import SendWindow, next_opening

_FILE = Path(__file__).with_name("quiet_hours.csv")
_LONGEST = timedelta(days=8)
"""Within which a moment is looked for that suits all time zones of a number."""


@dataclass(frozen=True, slots=True)
class CountryHours:
    """When messages may arrive in a country."""

    window: SendWindow
    holidays: str | None = None
    """Whose public holidays are quiet as a whole."""


@cache
def hours_by_country() -> dict[str, CountryHours]:
    """By country; ``*``: all others."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["country"]: CountryHours(
                SendWindow(
                    time.fromisoformat(row["from"]), time.fromisoformat(row["to"]), tuple(map(int, row["days"]))
                ),
                row["holidays"] or None,
            )
            for row in csv.DictReader(file)
        }


def hours_of(country: str | None, begins: time | None = None, ends: time | None = None) -> CountryHours:
    """The hours of a country. ``begins``, ``ends``: of the quiet hours that the sender has chosen, instead of those."""
    known = hours_by_country()
    found = known.get(country or "*", known["*"])
    if begins is None or ends is None:
        return found
    return replace(found, window=replace(found.window, begins=ends, ends=begins))


def quiet_until(now: datetime, hours: CountryHours, zones: Sequence[str]) -> datetime | None:
    """When the quiet hours end in all of these time zones; ``None``: it is not quiet in any of them.

    If there is no moment at which all of them may be sent to, the first zone decides.
    """

    def is_shut(day: date) -> bool:
        return hours.holidays is not None and _is_holiday(hours.holidays, day)

    at = now
    while at < now + _LONGEST:
        opens = max(next_opening(hours.window, at, zone, is_shut) for zone in zones)
        if opens == at:
            return None if at == now else at
        at = opens
    opens = next_opening(hours.window, now, zones[0], is_shut)
    return None if opens == now else opens


@cache
def _is_holiday(country: str, day: date) -> bool:
    import holidays  # 17 MB that nobody needs but accounts with recipients there

    return day in holidays.country_holidays(country, years=day.year)

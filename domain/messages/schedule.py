"""Parses ``schedule_at``, as clients write it, to an instant."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MAX_AHEAD = timedelta(days=366)
"""How far ahead a message may be scheduled."""

_EARLIEST_YEAR = 2000
_FORM = "write it as 2026-12-01T09:30:00+01:00, or as 2026-12-01 09:30 in the account's time zone"
_DATE_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]"
    r"(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(?: ?(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2}))?"
)


class InvalidSchedule(ValueError):
    """A ``schedule_at`` that cannot be used; ``code`` is for programs, ``message`` tells people what to write."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_schedule_at(value: object, zone: str, now: datetime | None = None) -> datetime:
    """Read a ``schedule_at`` to an aware UTC time.

    ISO 8601 with an offset or ``Z``; without one it is a wall-clock time in ``zone`` (an IANA name). Where clocks
    jump forward over it, it moves forward with them (02:30 becomes 03:30); where clocks show it twice, the first one
    counts. A time in the past is returned as it is and means "at once", as XSender's clients expect.
    ``now`` is aware, and the current time unless given.

    Raises:
        InvalidSchedule: ``schedule_form``, ``schedule_too_early``, ``schedule_too_late`` or ``schedule_zone``.
    """
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidSchedule("schedule_form", f"not a date and time: {_FORM}")
    try:
        wall = datetime.fromisoformat(f"{match['date']}T{match['time']}{(match['offset'] or '').upper()}")
    except ValueError as error:
        raise InvalidSchedule("schedule_form", f"no such date and time ({error}): {_FORM}") from None
    if wall.year < _EARLIEST_YEAR:
        raise InvalidSchedule("schedule_too_early", f"the year must be {_EARLIEST_YEAR} or later")
    return _not_too_late(wall, zone, now or datetime.now(UTC))


def _not_too_late(wall: datetime, zone: str, now: datetime) -> datetime:
    # Compared before it is converted: beyond year 9999 there is no UTC time to convert to.
    if wall.replace(tzinfo=UTC) > now + MAX_AHEAD + timedelta(days=1):
        raise _too_late()
    instant = (wall if wall.tzinfo else wall.replace(tzinfo=_zone(zone))).astimezone(UTC)
    if instant > now + MAX_AHEAD:
        raise _too_late()
    return instant


def _too_late() -> InvalidSchedule:
    return InvalidSchedule("schedule_too_late", f"at most {MAX_AHEAD.days} days ahead: choose an earlier time")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidSchedule(
            "schedule_zone", f"unknown time zone {name!r}: set the account's to an IANA name, such as Africa/Tunis"
        ) from None

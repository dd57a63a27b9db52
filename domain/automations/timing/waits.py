"""Until when a wait lasts. A run keeps the moment at which the wait began; this follows from the rule, again and again.

So a rule that is changed moves the waits that go on: a shorter one may be over at once. Rules of time zones are data
that changes, too: workflows ask an activity, or their replay would differ after an update of the system.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.automations.definition.limits import MAX_WAIT
from domain.automations.definition.steps import AtTime, Wait, Window
from domain.automations.splits import share
from domain.automations.timing.local_time import local_moment, shift
from domain.errors import InvalidError

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)(?: ?([Zz]|[+-][0-9]{2}:[0-9]{2}))?)?"
)
_FORM = "a date such as 2026-12-24, or a time such as 2026-12-24T09:30 or 2026-12-24T09:30:00+01:00"


@dataclass(frozen=True, slots=True)
class Due:
    """When a wait is over."""

    at: datetime
    """UTC, and never before the wait began."""
    was_past: bool = False
    """Whether the time that it waited for was over when it began: then ``if_past`` counts."""


def due(wait: Wait, began: datetime, zone: str, until: str | None = None, who: str = "") -> Due:
    """When a wait is over that began at a moment.

    ``zone``: whose clock counts; ``until``: the text of the wait, filled in; ``who``: to whom the jitter belongs,
    such as the ids of run and step: it is the same each time.

    Raises:
        InvalidError: ``wait_until``, the text is no time; ``wait_too_long``.
    """
    if wait.until is not None:
        wanted = _until(until or "", wait.offset, began, zone)
        if wanted < began:
            return Due(began, was_past=True)
    elif wait.for_ is not None:
        wanted = began + wait.for_
    elif wait.at is not None:
        wanted = _next_time(wait.at, began, zone)
    else:
        assert wait.window is not None
        wanted = next_opening(wait.window, began, zone)
    if wait.jitter is not None:
        wanted += wait.jitter * share("jitter", who)
    return Due(wanted)


def next_opening(window: Window, at: datetime, zone: str) -> datetime:
    """The first moment from ``at`` on that lies in a window. A window that a gap of the clocks swallows is left out."""
    first = at.astimezone(ZoneInfo(zone)).date()
    for ahead in range(30):
        day = first + timedelta(days=ahead)
        begins, ends = local_moment(day, window.from_, zone), local_moment(day, window.to, zone)
        if day.isoweekday() in window.days and begins < ends and at < ends:
            return max(at, begins)
    raise AssertionError("a window opens every week")


def _next_time(rule: AtTime, began: datetime, zone: str) -> datetime:
    first = began.astimezone(ZoneInfo(zone)).date()
    for ahead in range(70):
        day = first + timedelta(days=ahead)
        if _is_day(rule, day) and (found := local_moment(day, rule.time, zone)) >= began:
            return found
    raise AssertionError("a day comes every month")


def _is_day(rule: AtTime, day: date) -> bool:
    if rule.day_of_month is not None:
        return day.day == min(rule.day_of_month, monthrange(day.year, day.month)[1])
    return rule.days is None or day.isoweekday() in rule.days


def _until(text: str, offset: str | None, began: datetime, zone: str) -> datetime:
    try:
        found = _read(text.strip()[:100], zone)
        wanted = found if offset is None else shift(found, offset, zone)
        is_too_long = wanted > began + MAX_WAIT
    except (ValueError, OverflowError):
        raise InvalidError("wait_until", f"{text[:100]!r} is no time: it must become {_FORM}") from None
    if is_too_long:
        raise InvalidError("wait_too_long", f"{text[:100]!r} is more than {MAX_WAIT.days} days ahead")
    return wanted


def _read(text: str, zone: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day = date.fromisoformat(found[1])
    if not 1900 <= day.year < 2200:
        raise ValueError(text)
    if found[3] is not None:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].upper()}").astimezone(UTC)
    return local_moment(day, time.fromisoformat(found[2] or "00:00"), zone)

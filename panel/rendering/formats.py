"""Times, numbers and sizes as people read them, in their language and time zone."""

from datetime import UTC, date, datetime, timedelta, tzinfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from markupsafe import Markup

_SOON = timedelta(days=6)
FILTERS = ("when", "exact", "day", "date", "clock", "number", "short_number", "percent")
"""Methods of ``Formats`` that templates use."""


class Formats:
    """Of one viewer."""

    def __init__(self, language: str, zone: tzinfo) -> None:
        self._language = language
        self._zone = zone

    def when(self, value: str | datetime | None) -> Markup:
        """How long ago, or how soon, with the exact time beside it for who points at it."""
        if value is None:
            return Markup('<span class="quiet">–</span>')
        at = _time(value)
        away = at - datetime.now(UTC)
        if abs(away) < _SOON:
            text = format_timedelta(away, add_direction=True, locale=self._language, threshold=1.2)
        else:
            text = format_date(at.astimezone(self._zone), "medium", locale=self._language)
        return self._element(at, text)

    def exact(self, value: str | datetime | None) -> Markup:
        """A time to the second."""
        if value is None:
            return Markup('<span class="quiet">–</span>')
        at = _time(value)
        return self._element(at, format_datetime(at.astimezone(self._zone), "medium", locale=self._language))

    def day(self, value: str | datetime) -> str:
        """A date."""
        return format_date(_time(value).astimezone(self._zone), "medium", locale=self._language)

    def date(self, value: str | date) -> str:
        """A day that has no time."""
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return format_date(day, "medium", locale=self._language)

    def clock(self, value: str | datetime) -> Markup:
        """The time of a day, to the second."""
        at = _time(value)
        return self._element(at, format_time(at.astimezone(self._zone), "medium", locale=self._language))

    def number(self, value: float | None) -> str:
        """With the separators of the language; a dash for none."""
        return "–" if value is None else format_decimal(value, locale=self._language)

    def short_number(self, value: float | None) -> str:
        """Of a number that may be large, three digits or so: 12.3K."""
        if value is None:
            return "–"
        if abs(value) < 10_000:
            return self.number(value)
        return format_compact_decimal(value, locale=self._language, fraction_digits=1)

    def percent(self, share: float | None) -> str:
        """Of a share of one."""
        if share is None:
            return "–"
        return format_percent(share, "#,##0.#%" if 0 < share < 0.1 else "#,##0%", locale=self._language)

    def _element(self, at: datetime, text: str) -> Markup:
        exact = format_datetime(at.astimezone(self._zone), "long", locale=self._language)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, text)


def _time(value: str | datetime) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value

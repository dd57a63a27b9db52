"""Usage: which days it is read of."""

from datetime import UTC, date, datetime, timedelta

from domain.errors import InvalidError

USUAL_DAYS = 30
"""How many days are read, up to the last one, if no first one is given."""
MOST_DAYS = 400


def period(first: date | None, last: date | None) -> tuple[date, date]:
    """The first and the last day to read.

    Raises:
        InvalidError: they are in the wrong order, or too far apart.
    """
    end = last or max(datetime.now(UTC).date(), first or date.min)
    begin = first or date.fromordinal(max(1, end.toordinal() - USUAL_DAYS + 1))
    if begin > end:
        raise InvalidError("period", f"`from` is {begin}, which is after `to`, {end}", "/from")
    if end - begin >= timedelta(MOST_DAYS):
        raise InvalidError("period", f"read at most {MOST_DAYS} days at once: give a later `from`", "/from")
    return begin, end

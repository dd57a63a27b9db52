"""When cron expressions come round."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.automations.cron import cron_fault
from domain.automations.timing.crons import moments, next_moment

BERLIN = "Europe/Berlin"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("cron", "zone", "after", "first"),
    [
        ("0 9 * * *", "UTC", utc(2027, 1, 1, 9), utc(2027, 1, 2, 9)),
        ("0 9 * * *", BERLIN, utc(2027, 1, 1, 7, 59), utc(2027, 1, 1, 8)),
        ("0 9 * * *", BERLIN, utc(2027, 7, 1), utc(2027, 7, 1, 7)),
        ("*/20 10-11 * * *", "UTC", utc(2027, 1, 1, 10, 40), utc(2027, 1, 1, 11)),
        ("5/25 10 * * *", "UTC", utc(2027, 1, 1, 10, 31), utc(2027, 1, 1, 10, 55)),
        ("0 0 1,15 * *", "UTC", utc(2027, 1, 2), utc(2027, 1, 15)),
        ("0 0 * * mon", "UTC", utc(2027, 1, 1), utc(2027, 1, 4)),
        ("0 0 * * 7", "UTC", utc(2027, 1, 1), utc(2027, 1, 3)),
        ("0 0 * * 5-7", "UTC", utc(2027, 1, 2), utc(2027, 1, 3)),
        ("0 0 13 * fri", "UTC", utc(2027, 1, 2), utc(2027, 1, 8)),  # the 13th, or a Friday
        ("0 0 13 * */2", "UTC", utc(2027, 1, 2), utc(2027, 2, 13)),  # beginning with *, both
        ("0 0 29 2 *", "UTC", utc(2097, 1, 1), utc(2104, 2, 29)),
        ("0 0 30 2 *", "UTC", utc(2027, 1, 1), None),
        ("30 2 * * *", BERLIN, utc(2027, 3, 27, 12), utc(2027, 3, 28, 1)),  # skipped: 03:00 in summer time
        ("30 2 * * *", BERLIN, utc(2027, 3, 28, 1), utc(2027, 3, 29, 0, 30)),
        ("30 2 * * *", BERLIN, utc(2027, 10, 30, 12), utc(2027, 10, 31, 0, 30)),  # shown twice: the first
        ("30 2 * * *", BERLIN, utc(2027, 10, 31, 0, 30), utc(2027, 11, 1, 1, 30)),
        ("0 0 * * *", "America/Sao_Paulo", utc(2017, 10, 14, 12), utc(2017, 10, 15, 3)),  # no midnight
    ],
)
def test_the_next_moment(cron, zone, after, first):
    assert cron_fault(cron) is None
    assert next_moment(cron, zone, after) == first


def test_every_quarter_of_an_hour_goes_on_through_a_night_that_lacks_one():
    found = list(islice(moments("*/15 * * * *", BERLIN, utc(2027, 3, 28, 0, 40)), 4))
    assert found == [utc(2027, 3, 28, 0, 45), utc(2027, 3, 28, 1), utc(2027, 3, 28, 1, 15), utc(2027, 3, 28, 1, 30)]


_fields = [
    st.sampled_from(values)
    for values in (
        ("*", "0", "*/7", "5,59", "10-20/3"),
        ("*", "0", "2", "23", "1-3", "*/5"),
        ("*", "1", "31", "29-30", "*/10"),
        ("*", "2", "jan-mar", "12"),
        ("*", "0", "mon-fri", "6,7"),
    )
]


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*_fields),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
)
def test_moments_come_in_their_order_and_the_clocks_show_what_is_asked(fields, zone, after):
    cron = " ".join(fields)
    assert cron_fault(cron) is None
    last = after
    for at in islice(moments(cron, zone, after), 50):
        assert at > last
        last = at
        local = at.astimezone(ZoneInfo(zone))
        if (local - timedelta(hours=3)).utcoffset() == local.utcoffset():  # no change of the clocks
            assert fields[0] != "0" or local.minute == 0
            assert fields[1] != "23" or local.hour == 23
            assert fields[3] != "2" or local.month == 2

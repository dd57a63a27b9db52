"""Quiet hours: never an answer that is quiet itself, whatever the clocks do; and the hours of countries."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audience.guards.numbers import costly_kind, zones_of
from domain.audience.guards.quiet_hours import hours_by_country, hours_of, quiet_until
from domain.audience.windows import SendWindow, next_opening
from domain.countries import country_of

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata")
ZONES += ("Africa/Casablanca", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Chatham")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(sorted(hours_by_country())), st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))
def test_the_end_is_ahead_within_days_and_not_quiet_itself(now: datetime, country: str, zones: list[str]):
    until = quiet_until(now, hours_of(country), zones)
    if until is None:
        return
    assert now < until < now + timedelta(days=8)
    local = until.astimezone(ZoneInfo(zones[0]))
    window = hours_of(country).window
    assert window.begins <= local.time() < window.ends
    assert local.isoweekday() in window.days


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), st.times(), st.times(), st.sets(st.integers(1, 7), min_size=1))
def test_a_window_opens_when_it_says(now: datetime, zone: str, one: time, other: time, days: set[int]):
    begins, ends = sorted((one.replace(second=0, microsecond=0), other.replace(second=0, microsecond=0)))
    if begins == ends:
        return
    window = SendWindow(begins, ends, tuple(days))
    opens = next_opening(window, now, zone)
    assert now <= opens <= now + timedelta(days=15)
    local = opens.astimezone(ZoneInfo(zone))
    assert local.isoweekday() in days
    shift = timedelta(hours=1)  # where the clocks skip the beginning, the window begins with the hour after
    assert begins <= local.time() or (local - shift).time() < begins
    assert next_opening(window, opens, zone) == opens


@pytest.mark.parametrize(
    ("now", "number", "until"),
    [
        ("2026-07-04T02:30:00Z", "+14155550123", None),  # 19:30 in California
        ("2026-07-04T03:30:00Z", "+14155550123", "2026-07-04T15:00:00Z"),  # 20:30: until 8:00
        ("2026-03-29T00:30:00Z", "+4915112345678", "2026-03-30T06:00:00Z"),  # a Sunday on which clocks change
        ("2026-12-25T10:00:00Z", "+33612345678", "2026-12-26T07:00:00Z"),  # a public holiday in France
        ("2026-11-28T18:30:00Z", "+33612345678", None),  # 19:30 on a Saturday
        ("2026-11-28T19:30:00Z", "+33612345678", "2026-11-30T07:00:00Z"),  # no Sundays
        ("2026-11-28T03:00:00Z", "+919812345678", "2026-11-28T04:30:00Z"),  # 8:30 in India: from 10:00 on
    ],
)
def test_hours_of_countries(now: str, number: str, until: str | None):
    found = quiet_until(datetime.fromisoformat(now), hours_of(country_of(number)), zones_of(number))
    assert found == (until and datetime.fromisoformat(until))


def test_a_number_of_many_zones_is_sent_to_when_it_is_day_in_all_of_them():
    zones = zones_of("+18005550123")  # toll-free: all of North America
    assert len(zones) > 10
    until = quiet_until(
        datetime(2026, 7, 4, 6, tzinfo=UTC), hours_of("US"), ("America/New_York", "America/Los_Angeles")
    )
    assert until == datetime(2026, 7, 4, 15, tzinfo=UTC)
    assert quiet_until(datetime(2026, 7, 4, 6, tzinfo=UTC), hours_of("US"), zones) is not None


def test_kinds_of_numbers():
    assert costly_kind("+449098790001") == "a premium rate number"
    assert costly_kind("+14155550123") is None
    assert (country_of("+14155550123"), country_of("+14165550123")) == ("US", "CA")

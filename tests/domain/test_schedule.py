"""Reading schedule_at: forms, time zones, the hours that clocks skip or repeat."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages.schedule import MAX_AHEAD, InvalidSchedule, parse_schedule_at

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def read(value: object, zone: str = "Africa/Tunis") -> str:
    return parse_schedule_at(value, zone, NOW).isoformat().removesuffix("+00:00")


def refusal(value: object, zone: str = "UTC", now: datetime = NOW) -> str:
    with pytest.raises(InvalidSchedule) as refused:
        parse_schedule_at(value, zone, now)
    assert refused.value.message
    return refused.value.code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-01T09:30:00Z", "2026-12-01T09:30:00"),
        ("2026-12-01t09:30:00z", "2026-12-01T09:30:00"),
        ("2026-12-01T09:30:00+02:00", "2026-12-01T07:30:00"),
        ("2026-12-01T09:30+0200", "2026-12-01T07:30:00"),
        ("2026-12-01 09:30:00 -05:00", "2026-12-01T14:30:00"),
        ("2026-12-01T09:30:00.250Z", "2026-12-01T09:30:00.250000"),
        ("2026-12-01 09:30", "2026-12-01T08:30:00"),
        ("2026-12-01T09:30:15", "2026-12-01T08:30:15"),
    ],
)
def test_reads_iso_8601_and_wall_clock_times(value: str, expected: str) -> None:
    assert read(value) == expected


def test_a_skipped_hour_moves_forward_with_the_clocks() -> None:
    assert read("2027-03-28 02:30", "Europe/Paris") == "2027-03-28T01:30:00"
    assert read("2027-03-28 03:30", "Europe/Paris") == "2027-03-28T01:30:00"


def test_a_repeated_hour_is_its_first_occurrence() -> None:
    assert read("2026-10-25 02:30", "Europe/Paris") == "2026-10-25T00:30:00"


def test_a_past_time_is_returned_as_it_is() -> None:
    assert read("2001-01-01T00:00:00Z") == "2001-01-01T00:00:00"


@pytest.mark.parametrize(
    "value",
    [
        "2026-12-01",
        "",
        "now",
        "tomorrow 9:30",
        "09:30",
        "2026-12-01T9:30",
        "2026-13-01T09:30",
        "2026-02-29T09:30",
        "2026-12-01T24:00:01",
        "2026-12-01T09:60",
        "2026-12-01T09:30:60Z",
        "2026-12-01T09:30+25:00",
        "2026-12-01T09:30:00Z\n",
        "2026-W49-2T09:30",
        "20261201T093000Z",
        "01/12/2026 09:30",
        "٢٠٢٦-12-01T09:30",
        "0000-01-01T00:00",
        1796117400,
        1796117400.5,
        True,
        None,
    ],
)
def test_refuses_what_is_not_a_date_and_a_time(value: object) -> None:
    assert refusal(value) == "schedule_form"


@pytest.mark.parametrize("value", ["1999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_refuses_years_before_2000(value: str) -> None:
    assert refusal(value) == "schedule_too_early"


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-14:00", "2101-01-01T00:00:00Z", "2027-06-02T12:00:01Z"])
def test_refuses_times_too_far_ahead(value: str) -> None:
    assert refusal(value) == "schedule_too_late"


def test_the_last_moment_allowed_is_read() -> None:
    assert parse_schedule_at((NOW + MAX_AHEAD).isoformat(), "UTC", NOW) == NOW + MAX_AHEAD


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "\x00"])
def test_refuses_an_unknown_zone(zone: str) -> None:
    assert refusal("2026-12-01 09:30", zone) == "schedule_zone"


def test_now_is_the_current_time_unless_given() -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    assert parse_schedule_at(soon.isoformat(), "UTC") == soon


ZONES = st.sampled_from(["UTC", "Africa/Tunis", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])


@given(st.datetimes(datetime(2000, 1, 2), datetime(2027, 5, 31)), ZONES)
def test_a_wall_clock_time_is_read_to_utc(wall: datetime, zone: str) -> None:
    assert parse_schedule_at(wall.isoformat(), zone, NOW).tzinfo is UTC


@given(st.text(max_size=40) | st.text("0123456789-:TZ+. ", max_size=30) | st.datetimes().map(str), ZONES)
def test_any_text_is_read_or_refused(value: str, zone: str) -> None:
    try:
        assert parse_schedule_at(value, zone, NOW) <= NOW + MAX_AHEAD
    except InvalidSchedule:
        return

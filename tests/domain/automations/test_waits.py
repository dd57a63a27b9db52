"""Waits end when the clock on the wall says so, also where clocks are put forward and back."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.automations.definition.parsing import parse_flow
from domain.automations.definition.steps import Wait
from domain.automations.definition.triggers import OnDate
from domain.automations.timing.dates import days_of, next_firing
from domain.automations.timing.local_time import choose_zone, local_moment, shift
from domain.automations.timing.waits import due
from domain.errors import InvalidError
from tests.domain.automations.flows import flow

BERLIN = "Europe/Berlin"  # forward on 2027-03-28 at 02:00, back on 2027-10-31 at 03:00
ZONES = [BERLIN, "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "UTC"]
CHANGES = [
    *(
        datetime(2027, 3, 28, 1, tzinfo=UTC),
        datetime(2027, 10, 31, 1, tzinfo=UTC),
        datetime(2027, 3, 14, 7, tzinfo=UTC),
    ),
    *(datetime(2027, 11, 7, 6, tzinfo=UTC), datetime(2027, 4, 3, 15, tzinfo=UTC), datetime(2027, 3, 14, 5, tzinfo=UTC)),
]

zones = st.sampled_from(ZONES)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.builds(
    lambda near, minutes, seconds: near + timedelta(minutes=minutes, seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-3 * 1440, 3 * 1440),
    st.integers(0, 59),
)
weekdays = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1).map(sorted)


def rule(**members: Any) -> Wait:
    (step,) = parse_flow(flow({"id": "a", "kind": "wait"} | members)).steps
    assert isinstance(step, Wait)
    return step


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def shown(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("members", "began", "ends"),
    [
        ({"for": "3d"}, utc(2027, 3, 27, 9), utc(2027, 3, 30, 9)),
        ({"for": "90s"}, utc(2027, 3, 27, 9), utc(2027, 3, 27, 9, 1, 30)),
        ({"at": {"time": "09:30"}}, utc(2027, 6, 1, 7, 29), utc(2027, 6, 1, 7, 30)),
        ({"at": {"time": "09:30"}}, utc(2027, 6, 1, 7, 30), utc(2027, 6, 1, 7, 30)),
        ({"at": {"time": "09:30"}}, utc(2027, 6, 1, 7, 30, 1), utc(2027, 6, 2, 7, 30)),
        ({"at": {"time": "09:30", "days": ["mon"]}}, utc(2027, 3, 27, 9), utc(2027, 3, 29, 7, 30)),
        # 02:30 does not exist that day: the first minute after the gap is 03:00.
        ({"at": {"time": "02:30"}}, utc(2027, 3, 28, 0, 30), utc(2027, 3, 28, 1)),
        # 02:30 comes twice: the first one counts, and after it comes the one of the next day.
        ({"at": {"time": "02:30"}}, utc(2027, 10, 30, 23), utc(2027, 10, 31, 0, 30)),
        ({"at": {"time": "02:30"}}, utc(2027, 10, 31, 0, 31), utc(2027, 11, 1, 1, 30)),
        ({"at": {"time": "08:00", "day_of_month": 31}}, utc(2027, 4, 2), utc(2027, 4, 30, 6)),
        ({"at": {"time": "08:00", "day_of_month": 30}}, utc(2027, 2, 1), utc(2027, 2, 28, 7)),
        ({"at": {"time": "08:00", "day_of_month": 1}}, utc(2027, 12, 5), utc(2028, 1, 1, 7)),
        ({"window": {"from": "09:00", "to": "18:00"}}, utc(2027, 6, 1, 10), utc(2027, 6, 1, 10)),
        ({"window": {"from": "09:00", "to": "18:00"}}, utc(2027, 6, 1, 16), utc(2027, 6, 2, 7)),
        ({"window": {"from": "09:00", "to": "18:00", "days": ["fri"]}}, utc(2027, 6, 5), utc(2027, 6, 11, 7)),
        ({"window": {"from": "02:15", "to": "02:45", "days": ["sun"]}}, utc(2027, 3, 27), utc(2027, 4, 4, 0, 15)),
    ],
)
def test_a_wait_of_a_contact_in_berlin(members, began, ends):
    found = due(rule(**members), began, BERLIN)
    assert (found.at, found.was_past) == (ends, False)


@pytest.mark.parametrize(
    ("text", "offset", "ends"),
    [
        ("2027-06-10T09:00:00+02:00", None, utc(2027, 6, 10, 7)),
        ("2027-06-10T09:00:00Z", None, utc(2027, 6, 10, 9)),
        (" 2027-06-10 09:00 ", None, utc(2027, 6, 10, 7)),
        ("2027-06-10", None, utc(2027, 6, 9, 22)),
        ("2027-06-10", "-2d", utc(2027, 6, 7, 22)),
        ("2027-06-10T09:00", "-2h", utc(2027, 6, 10, 5)),
        ("2027-06-10T09:00", "+0s", utc(2027, 6, 10, 7)),
        # A day goes by the calendar: at 09:00 two days before, though the clocks changed between.
        ("2027-11-01T09:00", "-2d", utc(2027, 10, 30, 7)),
        ("2027-11-01T09:00", "-48h", utc(2027, 10, 30, 8)),
    ],
)
def test_a_wait_until_a_time_that_a_text_names(text, offset, ends):
    members = {"until": "{{ event.at }}"} | ({} if offset is None else {"offset": offset})
    assert due(rule(**members), utc(2027, 6, 1), BERLIN, text).at == ends


def test_a_time_that_is_over_is_told_apart():
    wait = rule(until="x", offset="-2d", if_past="skip_next", jitter="1h")
    began = utc(2027, 6, 9)
    found = due(wait, began, BERLIN, "2027-06-10")
    assert (found.at, found.was_past, wait.if_past) == (began, True, "skip_next")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "wait_until") for text in ("", "soon", "2027-02-30", "2027-06-10T25:00", "9999-12-31", "0001-01-01")),
        *((text, "wait_until") for text in ("2027-06-10T09:00+99:00", "1700000000", "x" * 10_000, "２０２７-06-10")),
        ("2028-07-10", "wait_too_long"),
    ],
)
def test_a_text_that_is_no_time_is_refused(text, code):
    with pytest.raises(InvalidError) as raised:
        due(rule(until="{{ event.at }}", offset="+1d"), utc(2027, 6, 1), BERLIN, text)
    assert raised.value.code == code


def test_a_rule_that_is_changed_moves_the_waits_that_go_on():
    began = utc(2027, 6, 1)
    assert due(rule(**{"for": "1h"}), began, BERLIN).at < due(rule(**{"for": "3d"}), began, BERLIN).at
    assert due(rule(at={"time": "09:00"}), began, "America/New_York").at == utc(2027, 6, 1, 13)


def test_jitter_is_the_same_each_time_and_spreads():
    wait, began = rule(**{"for": "1h", "jitter": "10m"}), utc(2027, 6, 1)
    ends = [due(wait, began, BERLIN, who=f"run-{n}").at for n in range(1_000)]
    assert ends == [due(wait, began, BERLIN, who=f"run-{n}").at for n in range(1_000)]
    late = [(end - began - timedelta(hours=1)).total_seconds() for end in ends]
    assert min(late) >= 0
    assert max(late) < 600
    assert all(60 < sum(60 * n <= one < 60 * n + 60 for one in late) < 150 for n in range(10))


@settings(max_examples=100, deadline=None)
@given(zones, moments, clocks)
def test_a_local_time_is_what_the_clock_shows_or_the_end_of_a_gap(zone, at, clock):
    day = at.astimezone(ZoneInfo(zone)).date()
    found = local_moment(day, clock, zone)
    wall, asked = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None), datetime.combine(day, clock)
    minute_before = (found - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert wall >= asked
    if wall > asked:  # a gap: the minute before shows a time before the one that was asked for
        assert minute_before < asked
    hour_before = found - timedelta(hours=1)
    assert hour_before.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != asked  # the first of two


@settings(max_examples=100, deadline=None)
@given(zones, moments, clocks, weekdays)
def test_waits_for_a_time_end_at_the_first_such_time(zone, began, clock, days):
    wait = rule(at={"time": clock.strftime("%H:%M"), "days": days})
    end = due(wait, began, zone).at
    assert began <= end <= began + timedelta(days=8, hours=2)
    wanted = {["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(name) + 1 for name in days}
    first = began.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    candidates = [first + timedelta(days=n) for n in range(12)]
    times = [local_moment(day, clock, zone) for day in candidates if day.isoweekday() in wanted]
    assert end == min(at for at in times if at >= began)


@settings(max_examples=75, deadline=None)
@given(zones, moments, clocks, clocks, weekdays)
def test_waits_for_a_window_end_inside_it(zone, began, opens, closes, days):
    assume(opens < closes)
    members = {"from": opens.strftime("%H:%M"), "to": closes.strftime("%H:%M"), "days": days}
    end = due(rule(window=members), began, zone).at
    local = end.astimezone(ZoneInfo(zone))
    assert end >= began
    assert due(rule(window=members), end, zone).at == end
    if end > began:
        assert local.strftime("%H:%M") >= members["from"]


def test_the_second_of_two_times_keeps_its_clock_where_that_time_is_skipped():
    second = utc(2027, 11, 7, 5, 59)  # 00:59, shown for the second time in Havana
    assert shown(shift(second, "-238d", "America/Havana"), "America/Havana") == "2027-03-14 01:00"


@settings(max_examples=75, deadline=None)
@given(zones, moments, st.integers(0, 400), st.sampled_from("+-"))
def test_days_of_an_offset_keep_the_clock(zone, at, days, sign):
    moved = shift(at, f"{sign}{days}d", zone)
    before, after = at.astimezone(ZoneInfo(zone)), moved.astimezone(ZoneInfo(zone))
    assert after.date() == before.date() + timedelta(days=days if sign == "+" else -days)
    assert after.time() == before.time() or moved == local_moment(after.date(), before.time(), zone)


@pytest.mark.parametrize(
    ("wanted", "contact", "by_number", "zone"),
    [
        ("contact", "Asia/Tokyo", [BERLIN], "Asia/Tokyo"),
        ("contact", None, [BERLIN], BERLIN),
        ("contact", None, ["America/New_York", "America/Denver"], "UTC"),
        ("contact", None, [], "UTC"),
        ("account", "Asia/Tokyo", [BERLIN], "UTC"),
        ("Asia/Kathmandu", "Asia/Tokyo", [BERLIN], "Asia/Kathmandu"),
    ],
)
def test_the_zone_is_the_contacts_or_its_numbers_if_certain_or_the_accounts(wanted, contact, by_number, zone):
    assert choose_zone(wanted, contact, by_number, "UTC") == zone


@pytest.mark.parametrize(
    ("trigger", "value", "after", "fires"),
    [
        ({}, "2027-06-10", utc(2027, 1, 1), utc(2027, 6, 10, 7)),
        ({}, "2027-06-10", utc(2027, 6, 10, 7), None),
        ({"at": time(8), "offset": "-2d"}, "2027-06-10", utc(2027, 1, 1), utc(2027, 6, 8, 6)),
        ({"offset": "-2h"}, "2027-06-10T10:00:00Z", utc(2027, 1, 1), utc(2027, 6, 10, 8)),
        ({"yearly": True}, "1990-06-10", utc(2027, 6, 10, 7), utc(2028, 6, 10, 7)),
        ({"yearly": True}, "2030-06-10", utc(2027, 6, 10), utc(2030, 6, 10, 7)),
        ({"yearly": True}, "1992-02-29", utc(2027, 1, 1), utc(2027, 2, 28, 8)),
        ({"yearly": True}, "1992-02-29", utc(2028, 1, 1), utc(2028, 2, 29, 8)),
        ({"yearly": True, "offset": "-3d"}, "1992-01-01", utc(2027, 12, 1), utc(2027, 12, 29, 8)),
        ({"yearly": True, "offset": "-400d"}, "1992-01-01", utc(2027, 12, 1), utc(2028, 11, 27, 8)),
        ({"yearly": True, "offset": "+400d"}, "1992-01-01", utc(2027, 12, 1), utc(2028, 2, 5, 8)),
        ({}, "tomorrow", utc(2027, 1, 1), None),
        ({}, 5, utc(2027, 1, 1), None),
        ({}, None, utc(2027, 1, 1), None),
    ],
)
def test_a_date_of_a_contact_fires_at_its_time(trigger, value, after, fires):
    found = next_firing(OnDate(field="day", **trigger), value, BERLIN, after)
    assert (found and found.at) == fires


@settings(max_examples=50, deadline=None)
@given(st.dates(date(1920, 1, 1), date(2026, 12, 31)), zones, moments, st.sampled_from([None, "-2d", "+30d", "-400d"]))
def test_a_yearly_date_fires_once_a_year(day, zone, after, offset):
    trigger = OnDate(field="day", yearly=True, offset=offset)
    first = next_firing(trigger, day.isoformat(), zone, after)
    assert first is not None
    second = next_firing(trigger, day.isoformat(), zone, first.at)
    assert second is not None
    assert after < first.at <= after + timedelta(days=367)
    assert timedelta(days=364) < second.at - first.at < timedelta(days=367)
    assert second.day.year == first.day.year + 1
    (looked,) = {
        True,
        *(
            any(day.isoformat()[5:] == of for of in days_of(trigger, at - timedelta(hours=1), at))
            for at in (first.at, second.at)
        ),
    }
    assert looked

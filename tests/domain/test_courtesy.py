"""Giving way: what counts as slow, and how far bulk goes back for it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.courtesy import BEARABLE, FEWEST, LEAST, RECENT, START, Duty, Waits

SLOWDOWNS = st.lists(st.none() | st.floats(1, 1000))
SECONDS = st.floats(0.005, 10)


def told(*slowdowns: float | None) -> Duty:
    duty = Duty()
    for slowdown in slowdowns:
        duty.adapt(slowdown)
    return duty


@given(SLOWDOWNS)
def test_bulk_always_works_some_of_the_time_and_never_more_than_all_of_it(slowdowns: list[float | None]):
    assert LEAST <= told(*slowdowns).share <= 1


@given(SLOWDOWNS)
def test_where_nobody_waits_bulk_has_it_all_at_once(slowdowns: list[float | None]):
    assert Duty().share == 1
    assert told(*slowdowns, None).share == 1


@given(SLOWDOWNS)
def test_bulk_recovers_beside_those_who_do_not_suffer(slowdowns: list[float | None]):
    duty = told(*slowdowns)
    assume(slowdowns and slowdowns[-1] is not None)
    before = duty.share
    duty.adapt(BEARABLE)
    assert duty.share > before or before == 1
    for _ in range(20):
        duty.adapt(BEARABLE)
    assert duty.share == 1


@given(SLOWDOWNS, st.floats(BEARABLE, 1000, exclude_min=True))
def test_bulk_goes_back_to_its_least_while_others_suffer(slowdowns: list[float | None], slowdown: float):
    duty = told(*slowdowns)
    shares = []
    for _ in range(6):
        duty.adapt(slowdown)
        shares.append(duty.share)
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == LEAST


def test_bulk_starts_slowly_beside_those_it_has_just_noticed():
    assert told(1.0).share == START
    assert told(1.0, 1.0, None, 1.0).share == START


def beat(waits: Waits, seconds: float, now: float, count: int = FEWEST) -> float | None:
    """So many have waited for so long; none of the beat before counts any more."""
    for _ in range(count):
        waits.add(seconds, now)
    return waits.slowdown(now)


@given(SECONDS, st.floats(1, 100))
def test_a_slowdown_is_how_many_times_the_best_known_wait_the_recent_ones_are(seconds: float, factor: float):
    waits = Waits()
    assert beat(waits, seconds, 0.0) == 1
    assert beat(waits, seconds * factor, 100.0) == pytest.approx(factor, rel=0.001)
    assert beat(waits, seconds, 200.0) == pytest.approx(1, rel=0.001)


def test_only_the_recent_count_and_too_few_say_nothing():
    waits = Waits()
    assert waits.slowdown(0.0) is None
    assert beat(waits, 1.0, 0.0, FEWEST - 1) is None
    waits.add(1.0, RECENT)
    assert waits.slowdown(RECENT) == 1
    assert waits.slowdown(RECENT + 0.1) is None


def test_a_few_lucky_ones_do_not_make_the_usual_wait_a_slow_one():
    waits = Waits()
    beat(waits, 1.0, 0.0)
    beat(waits, 0.6, 100.0)
    assert beat(waits, 1.0, 200.0) == pytest.approx(1.25, rel=0.001)


def test_what_is_usual_for_days_is_the_best_known_one_day():
    waits = Waits()
    beat(waits, 1.0, 0.0)
    slowdowns = [beat(waits, 2.0, 100.0 * (n + 1)) for n in range(5000)]
    assert slowdowns[600] == pytest.approx(1.7, rel=0.01)
    assert slowdowns[-1] == 1


@given(st.lists(st.floats(-10, 10), min_size=FEWEST))
def test_clocks_that_differ_do_no_harm(waited: list[float]):
    waits = Waits()
    for seconds in waited:
        waits.add(seconds, 0.0)
    assert waits.slowdown(0.0) == 1
    assert beat(waits, -1.0, 100.0) <= 1

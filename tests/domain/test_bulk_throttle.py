"""Throttling bulk: what counts as slow, and how far bulk goes back for it."""

import math
from collections.abc import Callable
from random import Random
from statistics import fmean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.bulk_throttle import (
    BEARABLE,
    FEWEST,
    LEAST,
    RECENT,
    START,
    DelayFigures,
    DutyCycle,
    QueueDelays,
    slowdown,
)

SLOWDOWNS = st.lists(st.none() | st.floats(0.1, 1000))
SECONDS = st.floats(0.005, 10)


def after(*slowdowns: float | None) -> DutyCycle:
    duty = DutyCycle()
    for found in slowdowns:
        duty.adapt(found)
    return duty


@given(SLOWDOWNS)
def test_bulk_always_works_some_of_the_time_and_never_more_than_all_of_it(slowdowns: list[float | None]):
    assert LEAST <= after(*slowdowns).share <= 1


@given(SLOWDOWNS)
def test_where_nobody_waits_bulk_has_it_all_at_once(slowdowns: list[float | None]):
    assert DutyCycle().share == 1
    assert after(*slowdowns, None).share == 1


@given(SLOWDOWNS)
def test_bulk_recovers_beside_those_who_are_not_slowed_down(slowdowns: list[float | None]):
    duty = after(*slowdowns)
    assume(slowdowns and slowdowns[-1] is not None)
    before = duty.share
    duty.adapt(BEARABLE)
    assert duty.share > before or before == 1
    for _ in range(20):
        duty.adapt(BEARABLE)
    assert duty.share == 1


@given(SLOWDOWNS, st.floats(BEARABLE, 1000, exclude_min=True))
def test_bulk_goes_back_to_its_least_while_others_are_slowed_down(slowdowns: list[float | None], found: float):
    duty = after(*slowdowns, found)
    shares = []
    for _ in range(6):
        duty.adapt(found)
        shares.append(duty.share)
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == LEAST


def test_bulk_starts_slowly_beside_those_it_has_just_noticed():
    assert after(1.0).share == START
    assert after(1.0, 1.0, *[None] * 100, 1.0).share == START


def test_a_short_silence_is_no_reason_to_start_again():
    steady = [1.0] * 20
    assert after(*steady, None, 1.0).share == 1
    assert after(*steady, *[None, 1.0] * 100).share == 1
    assert after(1.0, *[4.0] * 9, None, 1.0).share < START


def beat(delays: QueueDelays, seconds: float, now: float, count: int = 1000) -> DelayFigures:
    """So many have waited for so long; none of the beat before counts any more."""
    for _ in range(count):
        delays.add(seconds, now)
    figures = delays.figures(now)
    assert figures is not None
    return figures


def usual(seconds: float, now: float = 0.0) -> QueueDelays:
    """A process in which this is the usual delay, after eleven seconds."""
    delays = QueueDelays()
    beat(delays, seconds, now)
    beat(delays, seconds, now + 11)
    return delays


@given(SECONDS, st.floats(1, 100))
def test_a_slowdown_is_how_many_times_the_usual_delay_the_recent_ones_are(seconds: float, factor: float):
    delays = usual(seconds)
    assert beat(delays, seconds, 100.0).slowdown == pytest.approx(1, rel=0.01)
    assert beat(delays, seconds * factor, 200.0).slowdown == pytest.approx(factor, rel=0.1)


def test_only_the_recent_count_and_too_few_say_nothing():
    delays = QueueDelays()
    assert delays.figures(0.0) is None
    assert beat(delays, 1.0, 0.0, 2).count == 2
    assert beat(delays, 1.0, RECENT, 1).count == 3
    assert delays.figures(RECENT + 0.1) == DelayFigures(1, 0.0, 0.0)
    assert delays.figures(2 * RECENT + 0.1) is None
    assert slowdown([]) is None
    assert slowdown([DelayFigures(1, 9.0, 81.0)] * (FEWEST - 1)) is None
    assert slowdown([DelayFigures(1, 9.0, 81.0)] * FEWEST) is not None


def test_a_few_lucky_ones_do_not_make_the_usual_delay_a_slow_one():
    delays = usual(1.0)
    beat(delays, 0.5, 20.0, 20)
    assert beat(delays, 1.0, 31.0).slowdown == pytest.approx(1, rel=0.1)


def test_what_is_usual_for_days_is_the_usual_delay_one_day():
    delays = usual(1.0)
    slowdowns = [beat(delays, 2.0, 20.0 * (n + 1)).slowdown for n in range(500)]
    assert slowdowns[30] == pytest.approx(1.7, rel=0.05)
    assert slowdowns[-1] == pytest.approx(1, rel=0.01)


def test_a_worker_that_starts_beside_a_batch_finds_the_better_times_after_it():
    delays = usual(2.0)
    beat(delays, 1.0, 100.0)
    beat(delays, 1.0, 111.0)
    assert beat(delays, 2.0, 200.0).slowdown == pytest.approx(2, rel=0.1)


@given(st.lists(st.floats(-10, 10), min_size=FEWEST))
def test_clocks_that_differ_do_no_harm(waited: list[float]):
    delays = QueueDelays()
    for seconds in waited:
        delays.add(seconds, 0.0)
    figures = delays.figures(0.0)
    assert figures is not None
    assert figures.slowdown == pytest.approx(1)
    assert slowdown([figures]) <= 1


@given(st.lists(st.floats(0.01, 10), min_size=FEWEST), st.integers(1, 10))
def test_it_does_not_matter_in_which_process_a_delay_was(multiples: list[float], processes: int):
    logs = [math.log(multiple) for multiple in multiples]
    shares = [logs[n::processes] for n in range(processes)]
    apart = [DelayFigures(len(one), sum(one), sum(x * x for x in one)) for one in shares if one]
    together = DelayFigures(len(logs), sum(logs), sum(x * x for x in logs))
    assert slowdown(apart) == pytest.approx(slowdown([together]))


def test_the_bad_luck_of_one_process_decides_nothing():
    steady, unlucky = DelayFigures(30, 0.0, 30 * 0.25), DelayFigures(2, 2 * math.log(3), 2 * math.log(3) ** 2)
    assert slowdown([unlucky, *[steady] * 3]) < BEARABLE


Draw = Callable[[Random], float]
NOISE: dict[str, Draw] = {
    "lognormal": lambda chance: 0.08 * math.exp(chance.gauss(0, 0.5)),
    "floor and queue": lambda chance: 0.05 + chance.expovariate(1 / 0.03),
    "stalls": lambda chance: 0.08 * math.exp(chance.gauss(0, 0.3)) * (10 if chance.random() < 0.02 else 1),
}
WARM, MEASURED = 300, 400
"""Beats: before what is measured, and measured."""


def works(processes: int, per_second: float, draw: Draw, factor: float = 1.0) -> float:
    """The share of the time that bulk works beside so many processes with urgent messages, over several minutes.

    ``factor``: by how much all delays grow when bulk begins.
    """
    chance, duty, shares = Random(processes), DutyCycle(), []
    arrives = chance.expovariate(per_second)
    measured = [QueueDelays() for _ in range(processes)]
    reported: dict[int, tuple[float, DelayFigures | None]] = {}
    for second in range(1, WARM + MEASURED):
        while arrives < second:
            process = chance.randrange(processes)
            measured[process].add(draw(chance) * (factor if second > WARM else 1.0), arrives)
            if process not in reported or arrives >= reported[process][0] + 1:
                reported[process] = (arrives, measured[process].figures(arrives))
            arrives += chance.expovariate(per_second)
        if second > WARM:
            duty.adapt(slowdown([figures for at, figures in reported.values() if figures and at > second - RECENT]))
            shares.append(duty.share)
    return fmean(shares)


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("per_second", [2, 10, 40])
@pytest.mark.parametrize("processes", [1, 4, 16])
def test_noise_alone_does_not_throttle_bulk(processes: int, per_second: float, noise: str):
    assert works(processes, per_second, NOISE[noise]) >= 0.9


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize(("per_second", "factor", "most"), [(10, 2, 0.2), (10, 3, 0.2), (40, 1.5, 0.2), (2, 3, 0.35)])
@pytest.mark.parametrize("processes", [1, 4, 16])
def test_a_true_slowdown_throttles_bulk(processes: int, per_second: float, factor: float, most: float, noise: str):
    assert works(processes, per_second, NOISE[noise], factor) <= most

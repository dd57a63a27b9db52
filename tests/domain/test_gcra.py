"""The request limiter: bursts, the long run, waits that are true, bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gcra import RATE_CLASSES, RequestLimiter

RATES = st.floats(0.01, 5000)
BURSTS = st.integers(1, 300)
STARTS = st.floats(0, 1e6)


@given(RATES, BURSTS, STARTS)
def test_a_burst_passes_and_the_next_request_waits(per_second: float, burst: int, now: float) -> None:
    limiter = RequestLimiter(per_second, burst)
    assert [limiter.check("key", now) for _ in range(burst)] == [0.0] * burst
    assert limiter.check("key", now) == pytest.approx(1 / per_second, rel=0.1)


@given(RATES, BURSTS, STARTS)
def test_who_waits_as_told_passes(per_second: float, burst: int, now: float) -> None:
    limiter = RequestLimiter(per_second, burst)
    for _ in range(burst + 20):
        wait = limiter.check("key", now)
        if wait:
            now += wait
            assert limiter.check("key", now) == 0.0


@given(st.floats(0.1, 100), BURSTS, st.lists(st.floats(0, 2), max_size=400))
def test_no_more_than_the_rate_passes_in_the_long_run(per_second: float, burst: int, pauses: list[float]) -> None:
    limiter = RequestLimiter(per_second, burst)
    now, passed = 0.0, 0
    for pause in pauses:
        now += pause
        passed += limiter.check("key", now) == 0.0
    assert passed <= burst + now * per_second + 0.5


def test_a_refused_request_is_not_counted() -> None:
    limiter = RequestLimiter(1, 1)
    assert limiter.check("key", 0.0) == 0.0
    assert [limiter.check("key", 0.5) for _ in range(3)] == [0.5] * 3
    assert limiter.check("key", 1.0) == 0.0


def test_keys_do_not_share_a_limit() -> None:
    limiter = RequestLimiter(1, 1)
    assert [limiter.check(key, 0.0) for key in ("a", "b", "a")] == [0.0, 0.0, 1.0]


def test_idle_keys_are_forgotten() -> None:
    limiter = RequestLimiter(10, 1)
    for key in range(1000):
        limiter.check(key, key * 0.01)
    assert limiter.key_count <= 11


def test_memory_is_bounded_under_any_number_of_keys() -> None:
    limiter = RequestLimiter(1, 1, max_keys=100)
    for key in range(1000):
        limiter.check(key, 0.0)
    assert limiter.key_count == 100
    assert limiter.check(999, 0.0) > 0


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_limit_that_lets_nothing_pass_is_a_mistake(per_second: float, burst: int) -> None:
    with pytest.raises(ValueError):
        RequestLimiter(per_second, burst)


def test_rate_classes_make_limiters() -> None:
    assert RATE_CLASSES["unlimited"] is None
    limiters = [RequestLimiter(*rate) for rate in RATE_CLASSES.values() if rate is not None]
    assert len(limiters) == len(RATE_CLASSES) - 1

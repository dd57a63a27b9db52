"""When bad reports lead to a warning, and when to a pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reputation.rules import LIMITS, OF_BATCHES, Limit, limits_of, percent, rate, sentence

COMPLAINTS_OF_A_DAY = next(limit for limit in LIMITS if limit.signal == "complaint" and limit.hours == 24)


@pytest.mark.parametrize(
    ("bad", "sent", "level"),
    [
        (9, 1000, None),  # too few events, whatever their rate
        (10, 999, None),  # too few messages
        (10, 10_000, None),
        (15, 10_000, "warning"),
        (29, 10_000, "warning"),
        (30, 10_000, "pause"),
        (5000, 1000, "pause"),  # of messages that were sent before
    ],
)
def test_both_gates_must_hold(bad: int, sent: int, level: str | None):
    assert COMPLAINTS_OF_A_DAY.judge(bad, sent) == level


@given(st.sampled_from((*LIMITS, *OF_BATCHES)), st.integers(0, 10_000), st.integers(0, 10_000_000))
def test_counting_up_to_the_bound_decides_as_counting_all(limit: Limit, bad: int, sent: int):
    assert limit.judge(bad, min(sent, limit.count_up_to(bad))) == limit.judge(bad, sent)


@given(st.sampled_from(LIMITS), st.integers(1, 10_000))
def test_a_bound_is_never_far_beyond_what_decides(limit: Limit, bad: int):
    assert limit.warn is not None
    assert limit.count_up_to(bad) <= max(limit.least_sent, bad / limit.warn + 1)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_rates_are_shares(bad: int, sent: int):
    assert 0 <= rate(bad, sent) <= 1


def test_short_windows_come_first_and_channels_have_their_own_signals():
    assert [limit.hours for limit in limits_of("email")] == [1, 1, 24, 24]
    assert (
        {limit.signal for limit in limits_of("sms")}
        == {"undelivered"}
        == {limit.signal for limit in limits_of("whatsapp", OF_BATCHES)}
    )


def test_a_sentence_has_the_figures():
    assert sentence(COMPLAINTS_OF_A_DAY, 30, 10_000) == (
        "In the last 24 hours 30 of 10,000 messages (0.3 %) were reported as spam"
    )
    assert sentence(OF_BATCHES[0], 90, 1000).startswith("In this batch 90 of 1,000 messages (9 %) went to addresses")
    assert percent(0.0015) == "0.15 %"

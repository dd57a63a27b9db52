"""Which messages of a page are looked at for their fallbacks, and when."""

from domain.messages.fallback import Awaited
from workflows.history import NEVER
from workflows.sending.fallbacks import Fallbacks

AWAITED = [Awaited(1, 60.0), Awaited(3, 600.0)]


def test_nothing_is_followed_before_it_has_left():
    fallbacks = Fallbacks(AWAITED, [])
    assert not fallbacks.is_open
    assert fallbacks.next_at() == NEVER


def test_a_message_that_has_left_is_looked_at_at_once_and_again_when_its_time_is_over():
    fallbacks = Fallbacks(AWAITED, [])
    for index in (0, 1, 3):
        fallbacks.left(index)
    assert fallbacks.next_at() == 0.0
    assert fallbacks.take_due(1000.0) == [(1, False), (3, False)]
    assert fallbacks.looked([1, 3], [1, 3], 1000.0) == {1: 1060.0, 3: 1600.0}
    assert fallbacks.next_at() == 1060.0
    assert fallbacks.take_due(1060.0) == [(1, True)]
    assert fallbacks.looked([1], [], 1061.0) == {}
    assert fallbacks.carried() == [(3, 1600.0)]


def test_what_is_reported_while_a_message_is_looked_at_is_not_lost():
    fallbacks = Fallbacks(AWAITED, [])
    fallbacks.left(1)
    assert fallbacks.take_due(0.0) == [(1, False)]
    fallbacks.reported([1, 2])
    assert fallbacks.take_due(0.0) == [], "it is busy"
    fallbacks.looked([1], [1], 0.0)
    assert fallbacks.take_due(0.0) == [(1, False)]


def test_a_fresh_run_goes_on_where_the_last_one_was():
    fallbacks = Fallbacks(AWAITED, [(1, 1060.0), (3, 0.0)])
    assert fallbacks.take_due(1000.0) == [(3, False)]
    fallbacks.looked([3], [3], 1000.0)
    assert fallbacks.carried() == [(1, 1060.0), (3, 1600.0)]


def test_withdrawn_none_is_followed_any_more():
    fallbacks = Fallbacks(AWAITED, [(1, 1060.0)])
    assert fallbacks.end() == [1]
    fallbacks.left(3)
    assert not fallbacks.is_open

"""A batch's rate, its estimated end, and which of its waits is shown."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.batches.batch import BatchStatus
from domain.batches.progress import Doing, Tally, Wait, doing, doing_from_database
from domain.messages.page import LiveStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tally(counts: dict[str, int], answered: int = 0, ago: float = 10.0, due: datetime | None = None) -> Tally:
    first = NOW - timedelta(seconds=ago) if answered else None
    return Tally(NOW, counts, {}, due, due, answered, first)


def test_what_waits_is_not_done():
    assert tally({"queued": 3, "scheduled": 2, "processing": 1, "sent": 5, "unknown": 4, "rejected": 1}).done == 10


@pytest.mark.parametrize(("answered", "ago", "rate"), [(500, 10, 50.0), (500, 5, 100.0), (7, 0.01, 7.0), (0, 0, 0.0)])
def test_the_rate_is_that_of_the_time_in_which_there_were_answers(answered, ago, rate):
    assert tally({"queued": 1}, answered, ago).rate == rate


def test_the_end_comes_when_the_rest_is_through_but_not_before_it_is_due():
    assert tally({"queued": 100}, 100).eta == NOW + timedelta(seconds=10)
    due = NOW + timedelta(hours=1)
    assert tally({"queued": 50, "scheduled": 50}, 100, due=due).eta == due
    assert tally({"queued": 100}).eta is None
    assert tally({"sent": 100}, 100).eta is None


def live(*waits: str) -> list[LiveStatus]:
    return [LiveStatus(1, "queued", wait, 0.0, f"gateway of {wait}") for wait in waits]


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        (("gateway_answer", "rate_slot", "gateway_breaker"), "gateway_breaker"),
        (("rate_slot", "retry_pause", "gateway_answer"), "retry_pause"),
        (("gateway_answer", "rate_slot"), "rate_slot"),
        (("", "gateway_answer"), "gateway_answer"),
        (("gateway_breaker", "gateway_paused", "account_suspended"), "account_suspended"),
    ],
)
def test_the_wait_that_tells_most_is_told(waits, told):
    wait = Wait(told, None, f"gateway of {told}")
    assert doing(BatchStatus("running"), live(*waits)) == Doing("running", wait)


def test_a_batch_whose_messages_wait_for_nothing_waits_for_nothing():
    assert doing(BatchStatus("running"), live("")) == Doing("running")
    assert doing(BatchStatus("cancelling"), []) == Doing("cancelling")


def test_a_pause_or_a_time_goes_before_what_messages_wait_for():
    assert doing(BatchStatus("paused"), live("rate_slot")) == Doing("paused", Wait("paused"))
    assert doing(BatchStatus("scheduled", NOW.timestamp()), []) == Doing("scheduled", Wait("schedule", NOW))


def test_a_batch_that_says_nothing_is_told_from_the_record():
    nothing = tally({"scheduled": 1}, due=NOW)
    assert doing_from_database("paused", nothing).wait == Wait("paused")
    assert doing_from_database("scheduled", nothing).wait == Wait("schedule", NOW)
    for state in ("stored", "running", "cancelling"):
        assert doing_from_database(state, nothing) == Doing(state, Wait("worker"))

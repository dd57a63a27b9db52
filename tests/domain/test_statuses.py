"""States move up in rank and never down."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages.statuses import NEGATIVES, State, advance, contract_word

WAITING = {State.SCHEDULED, State.QUEUED}
STATES = st.sampled_from(State)


def after(states: list[State]) -> list[State]:
    """The states a message goes through as these are reported of it."""
    history = [State.QUEUED]
    for state in states:
        history.append(advance(history[-1], state))
    return history


def test_progress_is_ranked() -> None:
    progress = [
        State.QUEUED,
        State.PROCESSING,
        State.UNKNOWN,
        State.SENT,
        State.DEFERRED,
        State.FAILED,
        State.DELIVERED,
        State.READ,
    ]
    assert all(low.rank < high.rank for low, high in pairwise(progress))


@pytest.mark.parametrize("negative", sorted(NEGATIVES))
@pytest.mark.parametrize("arrived", [State.DELIVERED, State.READ])
def test_a_negative_never_overwrites_an_arrival(negative: State, arrived: State) -> None:
    assert advance(arrived, negative) is arrived


@pytest.mark.parametrize("proof", [State.SENT, State.DELIVERED, State.READ, State.UNDELIVERED])
def test_what_a_provider_reports_settles_unknown(proof: State) -> None:
    assert advance(State.UNKNOWN, proof) is proof
    assert advance(proof, State.UNKNOWN) is proof


def test_a_late_delivery_corrects_an_expiry() -> None:
    assert advance(State.EXPIRED, State.DELIVERED) is State.DELIVERED


def test_the_first_of_several_negatives_stays() -> None:
    assert advance(State.BOUNCED, State.EXPIRED) is State.BOUNCED


def test_a_waiting_message_may_wait_for_another_reason() -> None:
    assert advance(State.QUEUED, State.SCHEDULED) is State.SCHEDULED
    assert advance(State.SCHEDULED, State.QUEUED) is State.QUEUED


def test_settled_states_are_final() -> None:
    assert {state for state in State if state.is_final} == NEGATIVES | {State.DELIVERED, State.READ}


@given(st.lists(STATES))
def test_rank_never_falls(states: list[State]) -> None:
    assert all(before.rank <= later.rank for before, later in pairwise(after(states)))


@given(st.lists(STATES).flatmap(lambda states: st.tuples(st.just(states), st.permutations(states))))
def test_the_order_of_reports_does_not_matter(orders: tuple[list[State], list[State]]) -> None:
    one, other = (after(states)[-1] for states in orders)
    assert one.rank == other.rank
    alone_in_its_rank = {state for state in orders[0] if state.rank == one.rank} == {one} and one not in WAITING
    if alone_in_its_rank:
        assert one is other


@given(STATES, STATES)
def test_a_repeated_report_changes_nothing(old: State, new: State) -> None:
    once = advance(old, new)
    assert advance(once, new) is once


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.SCHEDULED, "schedule"),
        (State.QUEUED, "pending"),
        (State.PROCESSING, "processing"),
        (State.UNKNOWN, "processing"),
        (State.DEFERRED, "processing"),
        (State.DELIVERED, "delivered"),
        (State.READ, "delivered"),
        *((negative, "fail") for negative in sorted(NEGATIVES)),
    ],
)
@pytest.mark.parametrize("receipts", [True, False])
def test_the_contract_has_a_word_for_each_state(state: State, word: str, receipts: bool) -> None:
    assert contract_word(state, receipts) == word


def test_sent_is_delivered_to_the_contract_where_no_receipt_will_come() -> None:
    assert contract_word(State.SENT, receipts=False) == "delivered"
    assert contract_word(State.SENT, receipts=True) == "processing"

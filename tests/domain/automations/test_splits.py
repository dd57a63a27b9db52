"""A contact keeps its arm, and the arms get their shares."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.automations.definition.parsing import parse_flow
from domain.automations.definition.steps import Split
from domain.automations.splits import arm_of, choose, share
from tests.domain.automations.flows import flow

WHO = [f"contact-{n}" for n in range(20_000)]


def test_arms_get_their_shares():
    taken = [choose([20, 0, 30, 50], "salt", who) for who in WHO]
    for arm, part in enumerate([0.2, 0, 0.3, 0.5]):
        # Four deviations: a hash that is fair fails once in 15,000 salts, and this one salt does not.
        assert abs(taken.count(arm) / len(WHO) - part) <= 4 * (part * (1 - part) / len(WHO)) ** 0.5


def test_two_splits_are_independent():
    both = sum(choose([1, 1], "one", who) == choose([1, 1], "two", who) for who in WHO)
    assert abs(both / len(WHO) - 0.5) < 0.02


def test_weights_that_keep_their_ratio_keep_everybody():
    assert [choose([1, 4], "s", who) for who in WHO] == [choose([200, 800], "s", who) for who in WHO]


def test_a_weight_that_grows_moves_only_those_that_it_must():
    before, after = [[choose([first, 100 - first], "s", who) for who in WHO] for first in (50, 60)]
    moved = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert set(moved) == {(1, 0)}
    assert abs(len(moved) / len(WHO) - 0.1) < 0.01


@given(st.text(), st.text(), st.lists(st.integers(0, 1000), min_size=2, max_size=20).filter(any))
def test_an_arm_of_weight_0_is_never_taken(salt, who, weights):
    assert weights[choose(weights, salt, who)] > 0
    assert 0 <= share(salt, who) < 1


def test_salt_and_name_do_not_run_into_each_other():
    assert share("ab", "c") != share("a", "bc")


def split(**members) -> Split:
    arms = [{"weight": 1, "steps": []}, {"weight": 1, "steps": []}]
    (step,) = parse_flow(flow({"id": "ab", "kind": "split", "arms": arms} | members)).steps
    assert isinstance(step, Split)
    return step


def test_the_arm_is_the_contacts_or_the_runs():
    by_contact = {arm_of(split(), "cart", who, f"run-{n}") for who in ("a",) for n in range(50)}
    assert len(by_contact) == 1
    assert {arm_of(split(by="run"), "cart", "a", f"run-{n}") for n in range(50)} == {"arms/0", "arms/1"}
    ways = [[arm_of(one, key, who, "") for who in WHO[:50]] for one, key in ((split(), "a"), (split(), "b"))]
    ways += [[arm_of(split(salt="s"), key, who, "") for who in WHO[:50]] for key in ("a", "b")]
    assert [one == other for one, other in pairwise(ways)] == [False, False, True]


def test_arms_stay_in_later_releases():
    """People inside are where these hashes put them: another hash would move them."""
    assert [choose([1, 1, 1, 1], "cart-rescue/ab", f"contact-{n}") for n in range(12)] == KNOWN


KNOWN = [3, 1, 1, 0, 2, 2, 0, 2, 3, 1, 0, 3]

"""The dispatches of a process among the owners of gateways."""

from contextlib import ExitStack

import pytest

from activities.pacing.owner_shares import OwnerShares
from activities.pacing.slots import NoSlotFree


def test_one_owner_alone_gets_half_of_the_places_and_others_the_rest():
    shares = OwnerShares(40)
    with ExitStack() as taken:
        for _ in range(20):
            taken.enter_context(shares.slot("one"))
        with pytest.raises(NoSlotFree):
            taken.enter_context(shares.slot("one"))
        for _ in range(10):
            taken.enter_context(shares.slot("two"))
        with pytest.raises(NoSlotFree) as crowded:
            taken.enter_context(shares.slot("two"))
        assert 1 <= crowded.value.after <= 10
        taken.enter_context(shares.slot("three"))


def test_a_place_that_was_given_back_is_free_for_the_same_owner():
    shares = OwnerShares(2)
    for _ in range(5):
        with shares.slot("one"):
            pass

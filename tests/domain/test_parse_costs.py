"""However a request is written, reading it takes a bounded time that grows no faster than it does."""

import pytest

from tests.costs import api
from tests.costs.measure import Cost


@pytest.mark.parametrize("cost", api.COSTS, ids=lambda cost: f"{cost.reader}: {cost.what}")
def test_the_worst_input_is_read_in_time(cost: Cost):
    cost.check()

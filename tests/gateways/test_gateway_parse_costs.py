"""However an email or a post of a provider is written, going through it takes a bounded time."""

import pytest

from tests.costs import emails, posts
from tests.costs.measure import Cost


@pytest.mark.parametrize("cost", [*emails.COSTS, *posts.COSTS], ids=lambda cost: f"{cost.reader}: {cost.what}")
def test_the_worst_input_is_read_in_time(cost: Cost):
    cost.check()

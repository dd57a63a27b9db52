"""Several tries at one message: whose word counts."""

from uuid import UUID, uuid4

import pytest

from store.messages.attempts import Attempted, flush_outcomes, write_intents
from store.messages.pages import hold
from tests.store.builders import new_account, new_page, states

GATEWAY = UUID(int=7)


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([(1, "unknown"), (2, "accepted")], "sent"),
        ([(1, "unknown"), (2, None), (1, "refused"), (2, "accepted")], "sent"),
        ([(1, "unknown"), (2, None), (1, "refused"), (2, "refused")], "rejected"),
        ([(1, "unknown"), (2, "refused")], "unknown"),
        ([(1, "unknown"), (2, "gateway_down")], "unknown"),
        ([(1, "unknown"), (2, "refused"), (1, "refused")], "rejected"),
        ([(1, "gateway_down"), (2, "refused")], "rejected"),
        ([(1, "unknown"), (1, "accepted")], "sent"),
        ([(1, "accepted"), (1, "refused")], "sent"),
    ],
)
async def test_a_no_is_final_only_when_no_other_try_may_have_been_taken(pool, answers, state):
    page = new_page(await new_account(pool, credit=10), [1])
    await hold(pool, page)
    claimed = set()
    for attempt, outcome in answers:
        if attempt not in claimed:
            assert (await write_intents(pool, page.uids, attempt, GATEWAY, uuid4())).claimed == set(page.uids)
            claimed.add(attempt)
        if outcome:
            await flush_outcomes(pool, [Attempted(page.uids[0], attempt, outcome)])
    assert [row[0] for row in await states(pool, page)] == [state]

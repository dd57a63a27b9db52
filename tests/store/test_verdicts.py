"""Verdicts on messages that wait: none says of a message that it has not left where that is not known."""

from uuid import UUID, uuid4

import pytest

from store.messages import attempts, pages
from store.messages.attempts import Attempted
from store.messages.pages import FinalState, PageRows
from store.pool import Pool
from tests.store.builders import counts, flush, launched, new_account, new_gateway, new_page

VERDICTS = ["cancelled", "expired", "failed"]


async def verdict(pool: Pool, page: PageRows, state: str) -> dict[UUID, tuple[str, str, str]]:
    """Give all of a page's messages this verdict and settle it; state, code and credit of each."""
    await pages.record_final_states(
        pool, [FinalState(uid, state, "cancelled", "cancelled by an operator") for uid in page.uids]
    )
    await pages.settle(pool, page.uids[0], page.uids[-1])
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select uid, state, code, credit from messages where uid = any(%s) order by uid", (page.uids,)
        )
        return {uid: tuple(rest) for uid, *rest in await cursor.fetchall()}


@pytest.mark.parametrize("state", VERDICTS)
async def test_a_message_whose_dispatch_died_after_its_intent_is_unknown(pool: Pool, state: str):
    """Its worker was killed, and it was cancelled before another dispatch found out: it may have arrived."""
    gateway_id = await new_gateway(pool)
    page = await launched(pool, gateway_id, 2)
    await flush(pool, page, "gateway_down")  # the first one surely did not leave
    first, second = (await verdict(pool, page, state)).values()
    assert first[0] == state
    assert second == ("unknown", "dispatch_given_up", "free")
    assert (await counts(pool, gateway_id))[4] == 1
    await attempts.flush_outcomes(pool, [Attempted(page.uids[1], 1, "accepted")])  # its answer turns up after all
    assert (await verdict(pool, page, state))[page.uids[1]][0] == "sent"


async def test_the_credit_of_such_a_message_stays_held(pool: Pool):
    gateway_id = await new_gateway(pool)
    page = new_page(await new_account(pool, 10), [1])
    await pages.hold(pool, page)
    await attempts.write_intents(pool, page.uids, 1, gateway_id, uuid4())
    assert (await verdict(pool, page, "cancelled"))[page.uids[0]] == ("unknown", "dispatch_given_up", "held")

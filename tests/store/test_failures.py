"""The list of failures has each message that did not arrive or may not have, whoever wrote that, and no other."""

import re
from uuid import UUID

import pytest

from domain.access.actors import COMMAND_LINE
from domain.ids import message_uid
from domain.messages.receipts import ReceiptKind
from domain.messages.statuses import State
from embedded.engine import Engine
from store.connection import Connection
from store.messages import resolving
from store.messages.attempts import Attempted, flush_outcomes
from store.messages.pages import FinalState, record_final_states
from store.messages.search.filters import FAILURES
from store.migrate import migrate, migrations
from store.pool import Pool
from tests.databases import new_database
from tests.store.builders import apply_all, held, launched, new_account, new_gateway, new_page, receipt, set_states

NOTED = "0041"
"""The migration since which failures are listed."""


async def listed(pool: Pool, uids: list[UUID]) -> dict[UUID, tuple[str, str | None, UUID | None]]:
    async with pool.connection() as conn:
        rows = await conn.execute("select uid, state, code, gateway_id from failures where uid = any(%s)", (uids,))
        return {uid: tuple(rest) for uid, *rest in await rows.fetchall()}


async def test_every_state_of_a_failure_is_listed_and_no_other(pool: Pool):
    page = new_page(await new_account(pool, 100), [1] * len(State))
    assert await held(pool, page) == {}
    assert await listed(pool, page.uids) == {}
    for uid, state in zip(page.uids, State, strict=True):
        await set_states(pool, [uid], state)
    found = await listed(pool, page.uids)
    expected = {uid: state.value for uid, state in zip(page.uids, State, strict=True) if state in FAILURES}
    assert {uid: state for uid, (state, _, _) in found.items()} == expected
    async with pool.connection() as conn:
        rows = await conn.execute("select s from unnest(%s::text[]) as s where is_failure(s)", (list(State),))
        assert {state for (state,) in await rows.fetchall()} == FAILURES


async def test_a_message_that_is_refused_when_its_credits_are_held_is_listed(pool: Pool):
    page = new_page(await new_account(pool, 1), [1, 1])
    assert await held(pool, page) == {1: "no_credit"}
    assert await listed(pool, page.uids) == {page.uids[1]: ("rejected", "no_credit", None)}


async def test_outcomes_of_gateways_are_listed_with_gateway_and_code(pool: Pool):
    gateway = await new_gateway(pool)
    page = await launched(pool, gateway, 3)
    await flush_outcomes(
        pool,
        [
            Attempted(page.uids[0], 1, "accepted", "p0"),
            Attempted(page.uids[1], 1, "refused", code="blocked"),
            Attempted(page.uids[2], 1, "unknown", code="no_answer"),
        ],
    )
    assert await listed(pool, page.uids) == {
        page.uids[1]: ("rejected", "blocked", gateway),
        page.uids[2]: ("unknown", "no_answer", gateway),
    }


async def test_a_later_receipt_moves_a_message_within_the_list_or_out_of_it(pool: Pool):
    gateway = await new_gateway(pool)
    page = await launched(pool, gateway, 2)
    await flush_outcomes(pool, [Attempted(uid, 1, "unknown", code="no_answer") for uid in page.uids])
    await apply_all(
        pool,
        [gateway],
        [
            receipt(ReceiptKind.UNDELIVERED, uid=str(page.uids[0]), code="absent"),
            receipt(ReceiptKind.DELIVERED, uid=str(page.uids[1])),
        ],
    )
    assert await listed(pool, page.uids) == {page.uids[0]: ("undelivered", "absent", gateway)}
    await apply_all(pool, [gateway], [receipt(ReceiptKind.DELIVERED, uid=str(page.uids[0]))])
    assert await listed(pool, page.uids) == {}


async def test_resolving_by_hand_counts(pool: Pool):
    page = await launched(pool, await new_gateway(pool), 2)
    await flush_outcomes(pool, [Attempted(uid, 1, "unknown") for uid in page.uids])
    await resolving.settle(pool, page.uids[0], "sent", "", COMMAND_LINE)
    await resolving.settle(pool, page.uids[1], "failed", "", COMMAND_LINE)
    assert {uid: found[:2] for uid, found in (await listed(pool, page.uids)).items()} == {
        page.uids[1]: ("failed", "resolved")
    }


async def test_final_states_without_a_gateway_are_listed_and_waiting_ones_are_not(pool: Pool):
    page = new_page(await new_account(pool, 9), [1, 1, 1])
    await held(pool, page)
    await record_final_states(pool, [FinalState(page.uids[0], "expired", "too_late", "its time is over")])
    assert await listed(pool, page.uids) == {page.uids[0]: ("expired", "too_late", None)}


async def test_failures_from_before_the_list_are_filled_in_once(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("store.migrate._READ_TOGETHER", 3)
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < NOTED])
    uids = [message_uid(new_page(1, [0]).uids[0], 0) for _ in range(10)]
    async with await Connection.to(url, "test") as conn:
        for number, uid in enumerate(uids):
            await conn.execute(
                """insert into messages (uid, account_id, channel, recipient, state, code, price, credit)
                   values (%s, 7, 'sms', '+1', %s, 'c', 0, 'free')""",
                (uid, "failed" if number % 3 == 0 else "sent"),
            )
        await migrate(url)
        assert await _uids(conn) == sorted(uids[::3])
        assert (await conn.execute("select from failures_unfilled")).rowcount == 0
        await conn.execute("delete from failures")
        await migrate(url)
        assert await _uids(conn) == []


async def _uids(conn: Connection) -> list[UUID]:
    return [uid for (uid,) in await (await conn.execute("select uid from failures order by uid")).fetchall()]


async def test_the_triggers_have_the_same_states_as_the_product(pool: Pool):
    async with pool.connection() as conn:
        rows = await conn.execute(
            """select pg_get_triggerdef(oid) from pg_trigger
               where tgrelid = 'messages'::regclass and not tgisinternal and tgname like '%failed'"""
        )
        texts = [text for (text,) in await rows.fetchall()]
    assert len(texts) == 2
    for text in texts:
        assert set(re.findall(r"'(\w+)'::text", text)) == FAILURES


async def test_what_leaves_the_state_alone_does_not_write_the_list(pool: Pool):
    page = new_page(await new_account(pool, 9), [1])
    await held(pool, page)
    await set_states(pool, page.uids, "failed")
    async with pool.connection() as conn:
        before = await (await conn.execute("select xmin from failures where uid = %s", (page.uids[0],))).fetchone()
        await conn.execute("update messages set awaited = true where uid = %s", (page.uids[0],))
        after = await (await conn.execute("select xmin from failures where uid = %s", (page.uids[0],))).fetchone()
    assert before == after

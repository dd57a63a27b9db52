"""Attempts and receipts that were dropped before their messages, and what reads them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

import pytest
import pytest_asyncio

from domain.ids import first_id
from domain.messages.statuses import State
from store.connection import Connection
from store.messages import engagement, messages
from store.messages.pages import PageRows
from store.messages.replays import finding
from store.messages.replays.finding import Count
from store.operations import exports
from store.pool import Pool
from store.schema import partitions as parts
from store.schema.old_partitions import attempts_since, drop_attempts, drop_messages
from tests.store.builders import held, new_account, new_gateway, new_page
from tests.store.test_reopening import failures, tried


@pytest_asyncio.fixture
async def later(fresh_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, int]]:
    """Moves the database's clock, as partitions see it, by so many ``months``."""
    moved = {"months": 0}
    now = parts.database_now

    async def then(conn: Connection) -> datetime:
        return parts.month_at(await now(conn), moved["months"])

    monkeypatch.setattr(parts, "database_now", then)
    yield moved


async def failed_page(pool: Pool, state: State, outcome: str) -> PageRows:
    """A page of one message that a gateway had."""
    account, gateway = await new_account(pool, 9), await new_gateway(pool)
    page = new_page(account, [1])
    await held(pool, page)
    await tried(pool, page, 1, outcome, gateway)
    async with pool.connection() as conn:
        await conn.execute(
            """update messages set state = %s, gateway_id = %s, channel = 'email',
                                   credit = case when state = 'unknown' then 'refunded' else credit end
               where uid = %s""",
            (state, gateway, page.uids[0]),
        )
    return page


async def left(conn: Connection, table: str) -> int:
    row = await (await conn.execute(f"select count(*) from {table}".encode())).fetchone()
    return cast(int, row and row[0])


async def test_they_are_dropped_by_themselves_once_no_message_of_their_month_is_open(fresh_pool: Pool, later):
    page = await failed_page(fresh_pool, State.UNKNOWN, "unknown")
    async with fresh_pool.connection() as conn:
        later["months"] = 2
        assert await drop_attempts(conn, 2) == []
        assert await drop_attempts(conn, 1) == []
        assert (await left(conn, "attempts"), await attempts_since(conn)) == (1, first_id(0))
        await conn.execute("update messages set state = 'failed'")
        assert await drop_attempts(conn, 1) == ["attempts_first", "receipts_first"]
        assert await attempts_since(conn) == first_id(parts.month_at(datetime.now(UTC), 1).timestamp())
        assert (await left(conn, "attempts"), await left(conn, "messages")) == (0, len(page.uids))
        assert await drop_attempts(conn, 1) == []
        assert await drop_messages(conn, 1) == ["failures_first", "messages_first", "short_links_first"]


async def test_a_message_without_them_is_shown_exported_and_told_of_but_not_sent_again(fresh_pool: Pool, later):
    pages = [await failed_page(fresh_pool, State.EXPIRED, "unknown") for _ in range(2)]
    before = await finding.count(fresh_pool, failures(pages[0].account_id, State.EXPIRED))
    assert [count.left_out for count in before[0]] == ["answer_lost"]
    later["months"] = 3
    async with fresh_pool.connection() as conn:
        assert await drop_attempts(conn, 2) == ["attempts_first", "receipts_first"]
    uid = pages[0].uids[0]
    found = await messages.find_any(fresh_pool, uid)
    assert found is not None
    assert (found.state, found.attempts, found.reported) == ("expired", [], [])
    assert (await exports.of_messages(fresh_pool, [uid]))["attempts"] == []

    counts, _ = await finding.count(fresh_pool, failures(pages[0].account_id, State.EXPIRED))
    assert counts == [Count(pages[0].account_id, "email", "attempts_dropped", 1, 1, counts[0].available)]
    locked = await finding.lock(fresh_pool, failures(pages[1].account_id, State.EXPIRED), pages[1].uids)
    assert [one.left_out for one in locked] == ["attempts_dropped"]


async def test_what_recipients_still_do_is_recorded_and_deleted_by_its_age(fresh_pool: Pool, later):
    page = await failed_page(fresh_pool, State.DELIVERED, "accepted")
    later["months"] = 3
    async with fresh_pool.connection() as conn:
        await drop_attempts(conn, 2)
    for _ in range(2):
        await engagement.opened(fresh_pool, page.uids[0], datetime.now(UTC))
    found = await messages.find_any(fresh_pool, page.uids[0])
    assert found is not None
    assert [receipt["kind"] for receipt in found.reported] == ["opened"]
    async with fresh_pool.connection() as conn:
        await drop_attempts(conn, 2)
        assert await left(conn, "receipts") == 0

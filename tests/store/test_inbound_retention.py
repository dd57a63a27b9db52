"""Messages from people are deleted by their age, some at a time, by an index."""

from uuid import UUID, uuid4

import pytest

from store.audience import inbound_retention
from store.audience.inbound_retention import delete_older_than
from store.pool import Pool


async def received(pool: Pool, account: int, days: float) -> UUID:
    """One that came so many days ago."""
    id_ = uuid4()
    async with pool.connection() as conn:
        await conn.execute(
            """insert into inbound_messages (id, gateway_id, account_id, channel, sender, recipient, body, media, at,
                                             received_at)
               values (%s, %s, %s, 'sms', '+14155550123', '', 'Hi', '{}', now(), now() - %s * interval '1 day')""",
            (id_, uuid4(), account, days),
        )
    return id_


async def test_what_is_old_goes_and_the_rest_stays(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inbound_retention, "AT_A_TIME", 2)
    account = uuid4().int % 2**40
    old = [await received(pool, account, 3000 + age) for age in (0.1, 1, 1, 2, 3)]
    kept = [await received(pool, account, age) for age in (2999.9, 0)]
    assert await delete_older_than(pool, 3000) >= len(old)
    async with pool.connection() as conn:
        cursor = await conn.execute("select id from inbound_messages where account_id = %s", (account,))
        assert {id_ for (id_,) in await cursor.fetchall()} == set(kept)


async def test_only_rows_that_go_are_read(pool: Pool):
    async with pool.connection() as conn, conn.transaction(force_rollback=True):
        await conn.execute("set local enable_seqscan = off")
        rows = await (await conn.execute(f"explain {inbound_retention._DELETE}".encode(), (30, 5_000))).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert "inbound_messages_newest" in plan, plan
    assert "Index Cond: (received_at <" in plan, plan

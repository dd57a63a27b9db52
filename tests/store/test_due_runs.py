"""Runs that are due and events are looked for four times a second: while there are none, that costs next to nothing."""

from datetime import UTC, datetime

from domain.audience.contacts.contact import new_contact_id
from store.automations import automations, queue, runs, waking
from store.automations.automations import Version
from store.automations.queue import Noted
from store.automations.runs import Run
from store.connection import Connection
from store.pool import InTransaction, Pool
from tests.domain.automations.flows import flow, wait
from tests.store.builders import new_account

NOW = datetime.now(UTC)


async def waiting(pool: Pool, number: int) -> None:
    """Runs whose time comes tomorrow."""
    account, definition = await new_account(pool), flow(wait("a", "1d"))
    made = await automations.add(pool, new_contact_id(), account, definition)
    await automations.publish(pool, made.id, Version(1, 1, definition, "", {}, NOW))
    begun = [
        Run(new_contact_id(), made.id, account, new_contact_id(), 1, str(n), "manual", {}, {}, NOW)
        for n in range(number)
    ]
    await runs.add(pool, begun)
    async with pool.connection() as conn:
        await conn.execute("update automation_runs set state = 'waiting', step = 'a', until = now() + interval '1 day'")


async def read(conn: Connection) -> int:
    """Entries of the index of times that a connection has read, but for those that PostgreSQL has summed up."""
    cursor = await conn.execute("select pg_stat_get_xact_tuples_returned('automation_runs_due'::regclass)")
    row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_a_look_for_runs_that_are_due_reads_none_that_wait(fresh_pool: Pool):
    await waiting(fresh_pool, 50)
    assert await runs.look_at_due(fresh_pool, 200) == []  # and entries of when they were due are seen to be dead
    async with fresh_pool.connection() as conn, conn.transaction():
        before = await read(conn)
        assert await runs.look_at_due(InTransaction(conn), 200) == []
        assert await read(conn) == before


async def test_a_run_is_due_once_its_time_has_come(fresh_pool: Pool):
    assert not await waking.is_due(fresh_pool)
    await waiting(fresh_pool, 2)
    assert not await waking.is_due(fresh_pool)
    async with fresh_pool.connection() as conn:
        await conn.execute(
            "update automation_runs set until = now() where id = (select min(id::text)::uuid from automation_runs)"
        )
        assert await waking.is_due(fresh_pool)
        assert len(await runs.look_at_due(fresh_pool, 200)) == 1
        await conn.execute("update automation_runs set ended_at = now() where until <= now()")
        assert not await waking.is_due(fresh_pool)


async def test_an_event_waits_until_it_was_looked_at_or_failed_too_often(fresh_pool: Pool):
    assert not await queue.is_waiting(fresh_pool)
    noted = Noted(await new_account(fresh_pool), new_contact_id(), new_contact_id(), "joined", NOW, {})
    await queue.put(fresh_pool, noted)
    assert await queue.is_waiting(fresh_pool)
    for _ in range(queue.MOST_TRIES):
        assert await queue.is_waiting(fresh_pool)
        await queue.note_failure(fresh_pool, noted)
    assert not await queue.is_waiting(fresh_pool)

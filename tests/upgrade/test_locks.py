"""Migrations of big tables while messages are being sent: no writer is held up.

``BIG=1`` (or ``FAULT_MINUTES``) makes it 2,000,000 rows in place of 200,000.
"""

import asyncio
import os
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio
from psycopg.errors import LockNotAvailable

from domain.ids import new_page_id
from embedded.engine import Engine
from store.migrate import OUTSIDE_TRANSACTION, migrate, migrations
from tests.databases import new_database
from tests.store.test_migration_rules import RULE_SINCE
from tests.upgrade.big_tables import fill

ROWS = 2_000_000 if os.environ.get("BIG") or os.environ.get("FAULT_MINUTES") else 200_000
HELD_AT_MOST = 200
"""Milliseconds that a migration may keep a writer waiting for a lock."""

# One of each kind of change that the rule for migrations allows, after those of this version.
ALLOWED = [
    (
        "9998_columns.sql",
        """alter table messages add column sample text, add column sampled boolean not null default false;
           alter table messages add constraint sample_known check (sample in ('a', 'b')) not valid;
           alter table journal add constraint sample_amount check (amount < 1000000) not valid;""",
    ),
    (
        "9999_indexes.sql",
        f"""{OUTSIDE_TRANSACTION}
            create index concurrently if not exists messages_sample on messages (recipient, state, provider_id);
            alter table messages validate constraint sample_known;
            alter table journal validate constraint sample_amount;""",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def big(engine: Engine) -> AsyncIterator[str]:
    """A database as it was before the rule, with many rows."""
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < RULE_SINCE])
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await fill(conn, ROWS)
        yield url
    async with await psycopg.AsyncConnection.connect(engine.database_url, autocommit=True) as conn:
        await conn.execute(f"drop database {url.rsplit('/', 1)[1]} with (force)".encode())


class Writer:
    """Inserts and updates a message every few milliseconds. Ends with ``LockNotAvailable`` when it is held up."""

    def __init__(self, url: str) -> None:
        self.written = 0
        self.stop = asyncio.Event()
        self._url = url

    async def run(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, options=f"-c lock_timeout={HELD_AT_MOST}"
        ) as conn:
            while not self.stop.is_set():
                uid = new_page_id()
                await conn.execute(
                    """insert into messages (uid, account_id, channel, recipient, state, price, credit)
                       values (%s, 1, 'sms', '+12025550100', 'queued', 1, 'held')""",
                    (uid,),
                )
                await conn.execute("update messages set state = 'sent', credit = 'captured' where uid = %s", (uid,))
                await conn.execute(
                    """insert into journal (account_id, channel, uid, attempt, kind, amount)
                       values (1, 'sms', %s, 0, 'hold', 1)""",
                    (uid,),
                )
                self.written += 1
                await asyncio.sleep(0.003)

    async def writes(self, count: int) -> None:
        """Wait until it has written so many more."""
        wanted = self.written + count
        async with asyncio.timeout(30):
            while self.written < wanted:
                await asyncio.sleep(0.003)


async def test_no_writer_is_held_up_while_migrations_run_and_a_report_is_read(big: str):
    writer = Writer(big)
    async with asyncio.TaskGroup() as group:
        group.create_task(writer.run())
        async with await psycopg.AsyncConnection.connect(big) as report:
            await report.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await report.execute("select from messages limit 1")
            await writer.writes(10)
            migrating = group.create_task(migrate(big, [*migrations(), *ALLOWED]))
            await writer.writes(100)
            assert not migrating.done(), "the report did not hold up the migration: this test shows nothing"
        assert (await migrating)[-2:] == ["9998_columns.sql", "9999_indexes.sql"]
        await writer.writes(10)
        writer.stop.set()


async def test_a_writer_that_is_held_up_is_seen(big: str):
    plain = ("9999_plain.sql", "create index messages_plain on messages (reason); select pg_sleep(0.5)")
    writer = Writer(big)
    writing = asyncio.create_task(writer.run())
    await writer.writes(10)
    await migrate(big, [plain])
    with pytest.raises(LockNotAvailable):
        await writing

"""The runner of migrations: once, in order, without long locks, through kills."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
import pytest_asyncio

from embedded.engine import Engine
from store import migrate as runner
from store.migrate import MigrationError, migrate, migrations
from store.schema.live_functions import live_functions
from tests.databases import new_database

TABLE = ("0001_table.sql", "create table things (id bigint generated always as identity, n integer)")
INDEXES = (
    "0002_indexes.sql",
    "-- runs outside a transaction\n"
    "create index concurrently if not exists things_n on things (n);\n"
    "create index concurrently if not exists things_id on things (id);",
)


@pytest_asyncio.fixture(loop_scope="session")
async def url(engine: Engine) -> str:
    """An empty database."""
    return await new_database(engine.database_url)


async def rows(url: str, statement: str) -> list[tuple]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        return await (await conn.execute(statement)).fetchall()


async def indexes(url: str) -> dict[str, bool]:
    """Those of ``things``, and whether they are valid."""
    found = await rows(
        url, "select indexrelid::regclass::text, indisvalid from pg_index where indrelid = 'things'::regclass"
    )
    return dict(found)


async def applied(url: str) -> list[str]:
    return [name for (name,) in await rows(url, "select name from schema_migrations order by name")]


async def migrators_wait(url: str, count: int = 1) -> None:
    """Wait until so many migrators wait for the end of other transactions."""
    waiting = """select count(*) from pg_locks join pg_stat_activity using (pid)
                 where not granted and application_name = 'xsender-migrate' and datname = current_database()"""
    async with asyncio.timeout(10):
        while (await rows(url, waiting))[0][0] < count:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def long_reader(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A transaction that has read ``things``, and will see what it saw until it ends."""
    async with await psycopg.AsyncConnection.connect(url, application_name="long report") as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await conn.execute("select count(*) from things")
        yield conn


async def test_each_is_applied_once(url: str):
    assert await migrate(url) == [name for name, _ in [*migrations(), *live_functions()]]
    assert await migrate(url) == []


async def test_a_file_that_fails_leaves_nothing_behind(url: str):
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(url, [TABLE, ("0002_bad.sql", "create table more (n integer); select 1 / 0")])
    assert await applied(url) == [TABLE[0]]
    assert await rows(url, "select to_regclass('more')") == [(None,)]


async def test_an_applied_file_must_not_change(url: str):
    await migrate(url, [TABLE])
    with pytest.raises(MigrationError, match=r"0001_table\.sql was changed"):
        await migrate(url, [(TABLE[0], TABLE[1] + " ")])


async def test_a_marked_file_runs_outside_a_transaction(url: str):
    assert await migrate(url, [TABLE, INDEXES]) == [TABLE[0], INDEXES[0]]
    assert await indexes(url) == {"things_n": True, "things_id": True}


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently things_n on things (n)",
        "create index if not exists things_n on things (n)",
        "insert into things (n) values (1)",
        "alter table things add constraint positive check (n > 0) not valid",
        "update things set n = 1",
    ],
)
async def test_a_marked_file_holds_only_what_may_be_repeated(url: str, statement: str):
    marked = f"-- runs outside a transaction\ncreate table if not exists more (n integer); {statement};"
    with pytest.raises(MigrationError, match="not safe to repeat"):
        await migrate(url, [TABLE, ("0002_marked.sql", marked)])
    assert await rows(url, "select to_regclass('more')") == [(None,)]


async def test_a_constraint_is_added_and_validated_later(url: str):
    swap = (
        "0002_swap.sql",
        "-- runs outside a transaction\n"
        "alter table things drop constraint if exists low, add constraint low check (n < 1e9) not valid;\n"
        "alter table things validate constraint low;",
    )
    await migrate(url, [TABLE, swap])
    assert await rows(url, "select convalidated from pg_constraint where conname = 'low'") == [(True,)]


async def test_what_a_killed_build_left_is_built_again(url: str):
    await migrate(url, [TABLE])
    async with long_reader(url):
        killed = asyncio.create_task(migrate(url, [TABLE, INDEXES]))
        await migrators_wait(url)
        await rows(
            url,
            """select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name = 'xsender-migrate'""",
        )
        with pytest.raises(psycopg.OperationalError):
            await killed
    assert await indexes(url) == {"things_n": False}
    assert await migrate(url, [TABLE, INDEXES]) == [INDEXES[0]]
    assert await indexes(url) == {"things_n": True, "things_id": True}


async def test_a_migrator_that_is_killed_in_the_middle_is_followed_by_another(url: str):
    await migrate(url, [TABLE])
    program = f"import asyncio; from store.migrate import migrate; asyncio.run(migrate({url!r}, {[TABLE, INDEXES]!r}))"
    async with long_reader(url):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        await migrators_wait(url)
        process.kill()
        await process.wait()
        follower = asyncio.create_task(migrate(url, [TABLE, INDEXES]))
    assert await follower == [INDEXES[0]]
    assert await indexes(url) == {"things_n": True, "things_id": True}


async def test_two_at_a_time_take_turns_and_do_not_wait_for_each_other(url: str):
    results = await asyncio.gather(*(migrate(url, [TABLE, INDEXES]) for _ in range(3)))
    assert sorted(map(len, results)) == [0, 0, 2]


async def test_no_writer_waits_behind_a_migration_that_waits_for_a_reader(url: str):
    await migrate(url, [TABLE])
    column = ("0002_column.sql", "alter table things add column m integer")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True, options="-c lock_timeout=200") as writer:
        async with long_reader(url):
            migrating = asyncio.create_task(migrate(url, [TABLE, column]))
            for _ in range(3):
                await migrators_wait(url)
                await writer.execute("insert into things (n) values (1)")  # raises if it is held up for longer
        assert await migrating == [column[0]]
        await writer.execute("insert into things (n, m) values (1, 1)")


async def test_a_lock_that_cannot_be_had_is_given_up_and_its_holder_named(url: str, monkeypatch):
    await migrate(url, [TABLE])
    monkeypatch.setattr(runner, "GIVE_UP_AFTER", 0.0)
    async with long_reader(url) as reader:
        with pytest.raises(MigrationError, match=rf"process {reader.info.backend_pid} \(long report\)"):
            await migrate(url, [TABLE, ("0002_column.sql", "alter table things add column m integer")])
    assert await applied(url) == [TABLE[0]]

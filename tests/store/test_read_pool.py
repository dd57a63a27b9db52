"""Lists that are read from a replica: a real one, which follows a database of its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from embedded.ports import free_port
from embedded.postgres import Postgres, program, unprivileged
from embedded.supervisor import Child, Supervisor
from services.doctor.database import check_replica
from services.doctor.findings import Finding
from store import read_pool
from store.pool import Pool, open_pool
from store.read_pool import ReadPool, open_read_pool
from tests.looks import Looks


@dataclass(frozen=True)
class Pair:
    """A database and a replica of it."""

    primary: Postgres
    replica: Postgres
    replicas: Supervisor

    async def write(self, name: str) -> None:
        async with await psycopg.AsyncConnection.connect(self.primary.database_url, autocommit=True) as conn:
            await conn.execute("insert into written values (%s)", (name,))

    async def tell_replica(self, statement: bytes) -> None:
        async with await psycopg.AsyncConnection.connect(self.replica.database_url, autocommit=True) as conn:
            await conn.execute(statement)


def _child(server: Postgres) -> Child:
    """A server that may have a replica, or be one."""
    child = server.child()
    changes = {"max_wal_senders=0": "max_wal_senders=2", "max_connections=100": "max_connections=20"}
    return replace(child, command=tuple(changes.get(part, part) for part in child.command))


async def _copy(primary: Postgres, replica: Postgres) -> None:
    replica.folder.mkdir()
    shutil.copy(primary.folder / "postgres-password", replica.folder / "postgres-password")
    command = (*unprivileged(), program("pg_basebackup"), "-d", primary.database_url, "-D", replica.cluster)
    process = await asyncio.create_subprocess_exec(*command, "-R", "-c", "fast", "--no-sync")
    assert await process.wait() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("replicated")
    first = free_port()
    primary = Postgres(folder / "primary", first, durable=False)
    replica = Postgres(folder / "replica", free_port(avoid=[first]), durable=False)
    primary.folder.mkdir()
    async with Supervisor(primary.folder) as servers, Supervisor(replica.folder) as replicas:
        await servers.start(_child(primary))
        async with await psycopg.AsyncConnection.connect(primary.database_url, autocommit=True) as conn:
            await conn.execute("create table written (name text)")
        await _copy(primary, replica)
        await replicas.start(_child(replica))
        yield Pair(primary, replica, replicas)


@asynccontextmanager
async def _reading(pair: Pair) -> AsyncIterator[tuple[Pool, ReadPool]]:
    primary = await open_pool(pair.primary.database_url, 2, "test")
    reading = await open_read_pool(primary, pair.replica.database_url, 2, "test-lists")
    yield primary, reading
    await reading.aclose()
    await primary.close()


async def _written(reading: ReadPool) -> set[str]:
    async with reading.connection() as conn:
        return {name for (name,) in await (await conn.execute("select name from written")).fetchall()}


async def _until_written(reading: ReadPool, name: str) -> None:
    async with asyncio.timeout(30):
        looks = Looks()
        while name not in await _written(reading):
            await looks.pause()


async def _found(primary: Pool, pair: Pair) -> Finding:
    return (await check_replica(primary, pair.replica.database_url))[0]


async def test_lists_are_as_old_as_the_replica(pair: Pair):
    async with _reading(pair) as (primary, reading):
        await pair.write("first")
        await _until_written(reading, "first")
        await pair.tell_replica(b"select pg_wal_replay_pause()")
        await pair.write("second")
        assert "second" not in await _written(reading)
        await pair.tell_replica(b"select pg_wal_replay_resume()")
        await _until_written(reading, "second")
        assert (await _found(primary, pair)).level == "ok"


async def test_the_doctor_tells_of_a_replica_that_is_behind(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.doctor.database._BEHIND", 0.0)
    async with _reading(pair) as (primary, reading):
        await pair.write("seen")
        await _until_written(reading, "seen")
        await pair.tell_replica(b"select pg_wal_replay_pause()")
        await pair.write("not seen")
        found = await _found(primary, pair)
        assert (found.level, found.check) == ("warning", "replica")
        await pair.tell_replica(b"select pg_wal_replay_resume()")


async def test_the_doctor_tells_of_an_address_that_is_no_replica(pair: Pair):
    async with _reading(pair) as (primary, _):
        found = await check_replica(primary, pair.primary.database_url)
        assert [one.level for one in found] == ["warning"]
        assert await check_replica(primary, None) == []


async def test_nothing_can_be_written_through_it(pair: Pair):
    async with _reading(pair) as (_, reading):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            async with reading.connection() as conn:
                await conn.execute("insert into written values ('no')")


async def test_while_the_replica_is_away_the_database_is_read(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    async with _reading(pair) as (_, reading):
        await pair.replicas.stop()
        await pair.write("while it is away")
        await _until_written(reading, "while it is away")  # a connection that it had fails once
        monkeypatch.setattr(read_pool, "_AWAY", 0.0)
        await pair.replicas.start(_child(pair.replica))
        reading._away_until = 0.0
        await pair.tell_replica(b"select pg_wal_replay_pause()")
        await pair.write("when it is back")
        async with asyncio.timeout(30):  # its pool connects again with growing pauses
            looks = Looks()
            while "when it is back" in await _written(reading):
                await looks.pause()

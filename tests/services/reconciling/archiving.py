"""PostgreSQL that archives its WAL, and one that is restored from the archive to a moment, as docs/backup.md has it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg

from embedded.ports import free_port
from embedded.postgres import Postgres, program, unprivileged
from embedded.supervisor import Child, Supervisor
from tests.looks import Looks


@dataclass(frozen=True)
class Archived:
    """A server whose WAL is archived, and the base backup of it."""

    server: Postgres
    archive: Path
    base: Path

    async def back_up(self) -> None:
        """Take the base backup, while others write."""
        self.base.mkdir()
        command = (*unprivileged(), program("pg_basebackup"), f"--dbname={self.server.database_url}")
        process = await asyncio.create_subprocess_exec(
            *command, f"--pgdata={self.base / 'postgres'}", "--checkpoint=fast", "--no-sync"
        )
        assert await process.wait() == 0

    async def archive_all(self) -> None:
        """Wait until all that was written is in the archive: the last file is not full yet."""
        async with asyncio.timeout(60), await _connect(self.server) as conn:
            name = await _value(conn, "select pg_walfile_name(pg_switch_wal())")
            looks = Looks()
            while not await _value(conn, "select last_archived_wal >= %s from pg_stat_archiver", name):
                await looks.pause()


@asynccontextmanager
async def archived(folder: Path) -> AsyncIterator[Archived]:
    """A new server, empty but for its database."""
    server, archive = Postgres(folder / "first", free_port(), durable=False), folder / "archive"
    for one in (server.folder, archive):
        one.mkdir()
    async with Supervisor(server.folder) as running:
        settings = {"archive_mode": "on", "archive_command": f"test ! -f {archive}/%f && cp %p {archive}/%f"}
        await running.start(_child(server, settings))
        yield Archived(server, archive, folder / "base")


@asynccontextmanager
async def restored(lost: Archived, moment: datetime) -> AsyncIterator[Postgres]:
    """The server as it was at a moment after its base backup."""
    server = Postgres(lost.base, free_port(), durable=False)
    shutil.copy(lost.server.folder / "postgres-password", server.folder / "postgres-password")
    (server.cluster / "recovery.signal").touch()
    settings = {
        "restore_command": f"cp {lost.archive}/%f %p",
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "promote",
    }
    async with Supervisor(server.folder) as running:
        await running.start(_child(server, settings))
        async with asyncio.timeout(60), await _connect(server) as conn:
            looks = Looks()
            while await _value(conn, "select pg_is_in_recovery()"):
                await looks.pause()
        yield server


def _child(server: Postgres, settings: dict[str, str]) -> Child:
    child = server.child()
    changed = tuple(part.replace("max_wal_senders=0", "max_wal_senders=2") for part in child.command)
    return replace(child, command=changed + tuple(part for one in settings.items() for part in ("-c", "=".join(one))))


async def _connect(server: Postgres) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(server.database_url, autocommit=True)


async def _value(conn: psycopg.AsyncConnection, query: str, *values: object) -> object:
    row = await (await conn.execute(query.encode(), values)).fetchone()
    assert row is not None
    return row[0]

"""An install of its own whose database is backed up with pg_dump, and restored with pg_restore."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from temporalio.client import Client

from embedded.postgres import program
from runtime.settings import Settings
from runtime.temporal import connect
from store.pool import Pool, open_pool
from tests.databases import at, new_install
from tests.stack import new_namespace


async def own_settings(settings: Settings) -> Settings:
    """A database and a namespace that no other worker looks at."""
    own = at(await new_install(settings.database_session_url), settings)
    return own.model_copy(update={"temporal_namespace": await new_namespace(settings.temporal_address)})


@dataclass(frozen=True)
class Servers:
    """Handles to an install's database and Temporal."""

    pool: Pool
    temporal: Client


@asynccontextmanager
async def servers(settings: Settings) -> AsyncIterator[Servers]:
    """Without a process of ours."""
    pool = await open_pool(settings.database_url, 4, "restoring")
    yield Servers(pool, await connect(settings))
    await pool.close()


async def _run(name: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program(name), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def back_up(database_url: str, file: Path) -> None:
    """As docs/backup.md has it."""
    await _run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={database_url}")


async def restore(database_url: str, file: Path) -> None:
    """The same, into an empty database of the same name."""
    server, name = database_url.rsplit("/", 1)
    async with await psycopg.AsyncConnection.connect(f"{server}/postgres", autocommit=True) as conn:
        await conn.execute(f"drop database {name} with (force)".encode())
        await conn.execute(f"create database {name}".encode())
    await _run("pg_restore", "--exit-on-error", f"--dbname={database_url}", str(file))

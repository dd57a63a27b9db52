import asyncio
import os
import signal
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import psycopg
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from embedded import processes
from embedded.engine import Engine

T = TypeVar("T")


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    async with Engine(tmp_path_factory.mktemp("engine"), durable=False) as engine:
        yield engine


async def execute(engine: Engine, statement: str) -> object:
    async with await psycopg.AsyncConnection.connect(engine.database_url, autocommit=True, connect_timeout=2) as link:
        cursor = await link.execute(statement.encode())
        return (await cursor.fetchone() or [None])[0] if cursor.description else None


async def back(attempt: Callable[[], Awaitable[T]], seconds: float = 10) -> T:
    """The result of an attempt that fails until the server is back."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await attempt()
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def kill(engine: Engine, name: str) -> None:
    pid = engine.pid(name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def test_postgres_is_a_recent_one_in_utf8_and_utc(engine: Engine) -> None:
    assert str(await execute(engine, "show server_version")).startswith("18.")
    assert await execute(engine, "show server_encoding") == "UTF8"
    assert await execute(engine, "show timezone") == "UTC"
    assert await execute(engine, "show synchronous_commit") == "on"
    assert await execute(engine, "show random_page_cost") == "1.1"
    assert await execute(engine, "select current_database()") == "xsender"


async def test_postgres_asks_for_the_password(engine: Engine) -> None:
    wrong = engine.database_url.replace("xsender:", "xsender:x", 1)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(wrong)


async def test_postgres_survives_the_kill_of_its_postmaster(engine: Engine) -> None:
    await execute(engine, "create table kept as select 42 as answer")
    held = await psycopg.AsyncConnection.connect(engine.database_url)
    busy = asyncio.create_task(held.execute("select pg_sleep(60)"))  # its backend outlives the postmaster
    await asyncio.sleep(0.2)
    kill(engine, "postgres")
    assert await back(lambda: execute(engine, "select answer from kept")) == 42
    with pytest.raises(psycopg.OperationalError):
        await busy
    await held.close()


async def test_temporal_keeps_a_started_workflow_through_its_kill(engine: Engine) -> None:
    client = await Client.connect(engine.temporal_address)
    handle = await client.start_workflow(
        "NobodyRunsThis", id=str(uuid4()), task_queue="none", execution_timeout=timedelta(minutes=5)
    )
    kill(engine, "temporal")
    description = await back(handle.describe)
    assert description.status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()


async def test_data_is_there_after_a_restart_on_other_ports(tmp_path: Path) -> None:
    async with Engine(tmp_path, temporal=False, durable=False) as first:
        await execute(first, "create table kept as select 'value' as answer")
        old = first.database_url
        mode = stat.S_IMODE((tmp_path / "postgres-password").stat().st_mode)
    assert mode == 0o600
    assert processes.named_in(tmp_path / "postgres", "postgres") == set()
    async with Engine(tmp_path, temporal=False, durable=False) as second:
        assert second.database_url != old
        assert await execute(second, "select answer from kept") == "value"


async def test_a_stale_pid_file_that_names_another_process_does_not_matter(tmp_path: Path) -> None:
    async with Engine(tmp_path, temporal=False, durable=False):
        pass
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path / 'postgres'}\n")
    async with Engine(tmp_path, temporal=False, durable=False) as engine:
        assert await execute(engine, "select 1") == 1


async def test_a_creation_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with Engine(tmp_path, temporal=False, durable=False) as engine:
        assert await execute(engine, "select 1") == 1


async def test_one_server_alone(tmp_path: Path) -> None:
    engine = Engine(tmp_path, postgres=False)
    with pytest.raises(RuntimeError, match="no PostgreSQL"):
        _ = engine.database_url
    with pytest.raises(RuntimeError, match="no Temporal"):
        _ = Engine(tmp_path, temporal=False).temporal_address
